from dataclasses import replace

import pytest

from core.domain.events.event import EventResult, EventStatus, WebhookEvent
from core.domain.identifiers import EventId
from core.domain.integrations.integration import IntegrationStatus
from testing.builders.entities import PROVIDER, Fact, now, time_ago
from testing.contracts.store_stage import StoreStage
from testing.contracts.stores.event_queue import SOURCE_KEY, SOURCE_KEYS


class UnroutedEventContract:
    """Every event queue keeps events whose installation is not connected, and reopens them when it is."""

    async def test_waiting_events_are_routed(self, stage: StoreStage) -> None:
        """Unrouted events of an installation connected by now are due again; strangers' go on waiting."""
        own, strangers = await stage.add_event(), await stage.add_event(source_key="2")
        unrouted = await stage.add_event(source_key=None)
        await _unroute(stage, own.id, strangers.id, unrouted.id)
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=now()) == 0
        await stage.add_integration()
        at = now()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=at) == 1
            await tx.commit()
        assert await stage.get_event(own) == replace(own, next_attempt_at=at)
        assert (await stage.get_event(strangers)).status is EventStatus.UNROUTED
        assert (await stage.get_event(unrouted)).status is EventStatus.UNROUTED

    @pytest.mark.parametrize("source_key", SOURCE_KEYS)
    async def test_routes_waiting_events_by_provider_and_text_key(self, stage: StoreStage, source_key: str) -> None:
        """Any text is a key; equal keys at two providers are of two integrations."""
        own = await stage.add_event(provider="gitlab", source_key=source_key)
        others = [
            await stage.add_event(provider="github", source_key=source_key),
            await stage.add_event(provider="gitlab", source_key=f"{source_key}0"),
            await stage.add_event(provider="gitlab", source_key=None),
        ]
        await _unroute(stage, own.id, *(event.id for event in others))
        await stage.add_integration(provider="gitlab", provider_id=source_key)
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=now()) == 1
            await tx.commit()
        routed = await stage.get_event(own)
        assert (routed.status, routed.source_key) == (EventStatus.PENDING, source_key)
        assert {(await stage.get_event(event)).status for event in others} == {EventStatus.UNROUTED}

    @pytest.mark.parametrize("source_key", SOURCE_KEYS)
    async def test_finds_waiting_events_by_text_key(self, stage: StoreStage, source_key: str) -> None:
        """Pending or unrouted, newest first."""
        keys = (source_key, f"{source_key}0", source_key)
        first, _, second = [await stage.add_event(source_key=key, action="created") for key in keys]
        await _unroute(stage, first.id)
        async with stage.unit_of_work() as tx:
            found = await tx.event_queue.list_unrouted(
                PROVIDER, source_key, event_type="push", action="created", limit=10
            )
        assert [queued_event.event.id for queued_event in found] == [second.id, first.id]
        assert {queued_event.event.source_key for queued_event in found} == {source_key}

    async def test_what_waits_for_an_installation_is_found_by_its_kind(self, stage: StoreStage) -> None:
        """Newest first, looked at or not, with the bytes that were signed; of this installation alone."""
        kind = {"event_type": "installation", "action": "created"}

        async def announce(**more: Fact) -> WebhookEvent:
            return await stage.add_event(received_at=None, **{**kind, **more})

        first, second = await announce(), await announce()
        await announce(action="deleted")
        await announce(event_type="push")
        await announce(source_key="2")
        settled = await announce()
        await _unroute(stage, first.id)
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_results([EventResult(settled.id, EventStatus.IGNORED)])
            await tx.commit()
        async with stage.unit_of_work() as tx:
            found = await tx.event_queue.list_unrouted(PROVIDER, SOURCE_KEY, limit=10, **kind)
            assert [queued_event.event.id for queued_event in found] == [second.id, first.id]
            assert all(queued_event.body for queued_event in found)
            [newest] = await tx.event_queue.list_unrouted(PROVIDER, SOURCE_KEY, limit=1, **kind)
            assert newest.event.id == second.id
            assert await tx.event_queue.list_unrouted("gitlab", SOURCE_KEY, limit=10, **kind) == []

    async def test_old_events_are_not_the_new_owners(self, stage: StoreStage) -> None:
        """Events from long before the binding belong to an earlier owner of the installation."""
        old = await stage.add_event(received_at=time_ago(hours=73))
        recent = await stage.add_event(received_at=time_ago(hours=71))
        await _unroute(stage, old.id, recent.id)
        integration = await stage.add_integration()
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=now()) == 1
            await tx.commit()
        ignored = await stage.get_event(old)
        assert (ignored.status, ignored.error_message) == (EventStatus.IGNORED, "before_binding")
        assert ignored.integration_id is None
        assert (await stage.get_event(recent)).status is EventStatus.PENDING
        assert integration.status is IntegrationStatus.ACTIVE

    async def test_revoked_integration_routes_nothing(self, stage: StoreStage) -> None:
        """Events of a revoked integration stay unrouted."""
        event = await stage.add_event()
        await _unroute(stage, event.id)
        await stage.add_integration(status=IntegrationStatus.REVOKED)
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=now()) == 0

    async def test_provider_with_other_ids_disturbs_nothing(self, stage: StoreStage) -> None:
        """Installation ids that are not 64-bit numbers match no event."""
        event = await stage.add_event()
        await _unroute(stage, event.id)
        for number, provider_id in enumerate(["abc", "", "9" * 30, "-1", "1.5"]):
            await stage.add_integration(provider=f"provider-{number}", provider_id=provider_id)
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=now()) == 0


async def _unroute(stage: StoreStage, *event_ids: EventId) -> None:
    await stage.record_results(
        *(EventResult(item, EventStatus.UNROUTED, reason="installation_unknown") for item in event_ids)
    )
