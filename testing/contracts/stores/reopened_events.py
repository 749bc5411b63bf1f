import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.domain.events.event import RETRYABLE, EventResult, EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.identifiers import EventId
from core.domain.integrations.integration import IntegrationStatus
from ports.events import EventFilter
from testing.builders.entities import PROVIDER, build_change, build_result, now, time_ago
from testing.contracts.store_stage import StoreStage


class ReopenedEventContract:
    """Every event store reopens the events that may be processed again, and no others."""

    @pytest.mark.parametrize("status", EventStatus)
    async def test_only_what_did_not_act_is_reopened(self, stage: StoreStage, status: EventStatus) -> None:
        """Failed, ignored and unrouted events become as if just received; others stay as they are."""
        event = await stage.add_event()
        await stage.record_results(
            EventResult(
                event.id,
                status,
                verdicts=(Verdict("event", Outcome.IGNORED, "why"),),
                reason="why",
                attempts=3,
                next_attempt_at=now() + timedelta(hours=1),
            )
        )
        before, at = await stage.get_event(event), now()
        async with stage.unit_of_work() as tx:
            reopened = await tx.events.reopen([event.id, event.id], now=at)
            await tx.commit()
        if status in RETRYABLE:
            assert reopened == [event.id]
            assert await stage.get_event(event) == replace(event, next_attempt_at=at)
        else:
            assert reopened == []
            assert await stage.get_event(event) == before

    async def test_what_came_before_the_binding_is_never_reopened(self, stage: StoreStage) -> None:
        """The event belongs to an earlier owner of the installation."""
        event = await stage.add_event()
        await stage.record_results(EventResult(event.id, EventStatus.IGNORED, reason="before_binding"))
        waited = await stage.add_event(received_at=time_ago(hours=73))
        await stage.record_results(EventResult(waited.id, EventStatus.UNROUTED))
        unrouted = await stage.add_event(received_at=time_ago(hours=73), source_key=None)
        await stage.record_results(EventResult(unrouted.id, EventStatus.FAILED, reason="boom"))
        assert await _reopen(stage, event, waited, unrouted) == [unrouted.id]

    @pytest.mark.parametrize("source_key", ["group:7", "007", str(2**63)])
    async def test_reopens_events_with_a_text_key(self, stage: StoreStage, source_key: str) -> None:
        """For the integration of this key; an unrouted event only while it is young."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization, provider_id=source_key)
        routed, stranger = await stage.add_event(source_key=source_key), await stage.add_event(source_key="group:8")
        late = await stage.add_event(received_at=time_ago(hours=73), source_key=source_key)
        await stage.record_results(
            build_result(routed, integration, EventStatus.FAILED),
            build_result(stranger, integration, EventStatus.FAILED),
            EventResult(late.id, EventStatus.UNROUTED),
        )
        async with stage.unit_of_work() as tx:
            [listed] = await tx.events.list(EventFilter(organization.id, reopenable_at=now()), limit=10)
        assert (listed.id, listed.source_key) == (routed.id, source_key)
        assert await _reopen(stage, routed, stranger, late) == [routed.id]

    async def test_what_was_routed_is_reopened_for_its_own_integration_only(self, stage: StoreStage) -> None:
        """Not once that has another installation, or was revoked and others may have this one."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        event = await stage.add_event()
        await stage.record_results(build_result(event, integration, EventStatus.FAILED))

        async def becomes(**facts: Any) -> None:
            async with stage.unit_of_work() as tx:
                known = await tx.integrations.find(organization.id, PROVIDER)
                assert known is not None
                await tx.integrations.apply([build_change(known, replace(known, **facts))])
                await tx.commit()

        await becomes(status=IntegrationStatus.REVOKED)
        await stage.add_integration(await stage.add_organization("Zenith"))
        assert await _reopen(stage, event) == []
        await becomes(provider_id="2", status=IntegrationStatus.ACTIVE)
        assert await _reopen(stage, event) == []
        async with stage.unit_of_work() as tx:
            where = EventFilter(organization.id, reopenable_at=now())
            assert await tx.events.list(where, limit=10) == []
            assert len(await tx.events.list(replace(where, reopenable_at=None), limit=10)) == 1

    async def test_reopening_asks_for_the_payload(self, stage: StoreStage) -> None:
        """Without it there is nothing to process; the row stays."""
        kept, expired = await stage.add_event(), await stage.add_event()
        for event in (kept, expired):
            await stage.record_results(EventResult(event.id, EventStatus.FAILED, reason="boom"))
        await stage.expire_payload(expired)
        async with stage.unit_of_work() as tx:
            assert await tx.events.has_payload(kept.id)
            assert not await tx.events.has_payload(expired.id)
            assert not await tx.events.has_payload(EventId(404))
            assert await tx.events.find_payload(expired.id) is None
            where = EventFilter(status=EventStatus.FAILED, reopenable_at=now())
            assert [item.id for item in await tx.events.list(where, limit=10)] == [kept.id]
        assert await _reopen(stage, kept, expired) == [kept.id]

    async def test_twenty_reopen_the_same_events(self, stage: StoreStage) -> None:
        """Each event is reopened by one caller, and no caller waits forever."""
        ids = [(await stage.add_event()).id for _ in range(10)]
        await stage.record_results(*(EventResult(item, EventStatus.FAILED, reason="boom") for item in ids))

        async def reopen(number: int) -> int:
            async with stage.unit_of_work() as tx:
                order = ids if number % 2 else ids[::-1]
                reopened = await tx.events.reopen(order, now=now())
                await tx.commit()
                return len(reopened)

        assert sum(await asyncio.gather(*(reopen(number) for number in range(20)))) == 10


async def _reopen(stage: StoreStage, *events: WebhookEvent) -> list[EventId]:
    async with stage.unit_of_work() as tx:
        return list(await tx.events.reopen([event.id for event in events], now=now()))
