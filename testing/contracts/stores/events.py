from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.deliveries.source_key import choose_lane
from core.domain.events.event import EventResult, EventStatus
from core.domain.identifiers import EventId
from core.domain.integrations.integration import Integration
from ports.events import EventFilter
from testing.builders.entities import INSTALLATION, PROVIDER, build_delivery, build_result, now, time_ago
from testing.contracts.store_stage import StoreStage


class EventStoreContract:
    """What every store of events promises."""

    async def test_unknown_is_nothing(self, stage: StoreStage) -> None:
        """Looking for what is not there is no error."""
        async with stage.unit_of_work() as tx:
            assert await tx.events.list(EventFilter(), limit=10) == []
            assert await tx.events.find(PROVIDER, "404") is None
            assert await tx.events.find_payload(EventId(404)) is None
            assert await tx.events.reopen([EventId(404)], now=now()) == []
            assert await tx.events.reopen([], now=now()) == []
            assert await tx.events.find_oldest_due(now=now()) is None

    async def test_newest_first_in_pages(self, stage: StoreStage) -> None:
        """A page continues after the previous page, also if events arrive in between."""
        events = [await stage.add_event() for _ in range(5)]
        async with stage.unit_of_work() as tx:
            first = await tx.events.list(EventFilter(), limit=2)
            await stage.add_event()
            second = await tx.events.list(EventFilter(), limit=2, before=first[-1].id)
            third = await tx.events.list(EventFilter(), limit=2, before=second[-1].id)
            assert [*first, *second, *third] == events[::-1]
            assert await tx.events.list(EventFilter(), limit=2, before=third[-1].id) == []

    async def test_filters_choose(self, stage: StoreStage) -> None:
        """Each part of a filter chooses, and all of them together."""
        old = await stage.add_event(received_at=time_ago(days=2))
        pull = await stage.add_event(event_type="pull_request")
        failed = await stage.add_event(received_at=time_ago(hours=1))
        await stage.record_results(EventResult(failed.id, EventStatus.FAILED, reason="boom"))

        async def list_ids(**where: object) -> list[EventId]:
            async with stage.unit_of_work() as tx:
                return [item.id for item in await tx.events.list(EventFilter(**where), limit=10)]  # type: ignore[arg-type]

        assert await list_ids() == [failed.id, pull.id, old.id]
        assert await list_ids(status=EventStatus.FAILED) == [failed.id]
        assert await list_ids(status=EventStatus.UNROUTED) == []
        assert await list_ids(event_type="push") == [failed.id, old.id]
        assert await list_ids(delivery_id=pull.delivery_id) == [pull.id]
        assert await list_ids(since=time_ago(days=1)) == [failed.id, pull.id]
        assert await list_ids(since=old.created_at, event_type="push", status=EventStatus.PENDING) == [old.id]

    async def test_organization_sees_what_was_routed_to_it(self, stage: StoreStage) -> None:
        """Events of others, and events nobody was given, are not an organization's, filter as it may."""
        integration_a, integration_b = await stage.add_integration(), await stage.add_integration(provider_id="2")
        settled = {}
        for status in EventStatus:
            settled[status] = await stage.add_event()
            owner = None if status is EventStatus.UNROUTED else integration_a
            await stage.record_results(build_result(settled[status], owner, status))
        await stage.record_results(build_result(await stage.add_event(), integration_b, EventStatus.PROCESSED))
        mine = [item.id for status, item in settled.items() if status is not EventStatus.UNROUTED][::-1]

        async def list_ids(integration: Integration, **where: object) -> list[EventId]:
            where_filter = EventFilter(integration.organization_id, **where)  # type: ignore[arg-type]
            async with stage.unit_of_work() as tx:
                return [item.id for item in await tx.events.list(where_filter, limit=10)]

        assert await list_ids(integration_a) == mine
        assert len(await list_ids(integration_b)) == 1
        for status, event in settled.items():
            assert await list_ids(integration_a, status=status) == ([event.id] if event.id in mine else [])
        processed = settled[EventStatus.PROCESSED]
        assert await list_ids(integration_a, delivery_id=processed.delivery_id, event_type="push") == [processed.id]
        assert await list_ids(integration_b, delivery_id=processed.delivery_id) == []
        async with stage.unit_of_work() as tx:
            where_filter = EventFilter(integration_a.organization_id)
            page = await tx.events.list(where_filter, limit=2)
            rest = await tx.events.list(where_filter, limit=10, before=page[-1].id)
            assert [item.id for item in (*page, *rest)] == mine

    async def test_one_event_by_its_delivery(self, stage: StoreStage) -> None:
        """An event is found by provider and delivery id together."""
        event = await stage.add_event()
        async with stage.unit_of_work() as tx:
            assert await tx.events.find(PROVIDER, event.delivery_id) == event
            assert await tx.events.find("gitlab", event.delivery_id) is None

    async def test_lists_by_the_beginning_of_delivery_ids(self, stage: StoreStage) -> None:
        """Characters that a pattern would give a meaning stand for themselves."""
        ids = ["aa-1", "aa-2", "aa-3", "ab-1", "a%-1", "a_-1", "AA-1"]
        for delivery_id in ids:
            await stage.add_delivery(replace(build_delivery(), delivery_id=delivery_id), now())
        await stage.add_delivery(replace(build_delivery(), delivery_id="aa-4", provider="gitlab"), now())

        async def list_ids(prefix: str, limit: int = 10) -> list[str]:
            async with stage.unit_of_work() as tx:
                events = await tx.events.list_by_prefix(PROVIDER, prefix, limit=limit)
            return [event.delivery_id for event in events]

        assert await list_ids("aa") == ["aa-1", "aa-2", "aa-3"]
        assert await list_ids("aa", limit=2) == ["aa-1", "aa-2"]
        assert await list_ids("a%") == ["a%-1"]
        assert await list_ids("a_") == ["a_-1"]
        assert await list_ids("AA-1") == ["AA-1"]
        assert await list_ids("aa-11") == []
        async with stage.unit_of_work() as tx:
            [event] = await tx.events.list_by_prefix(PROVIDER, "ab", limit=10)
            assert event == await tx.events.find(PROVIDER, "ab-1")

    @pytest.mark.parametrize("body", [b"", b'{"a":1}', bytes(range(256)) * 4096])
    async def test_payload_is_what_was_signed(self, stage: StoreStage, body: bytes) -> None:
        """The kept bytes are exactly the signed ones."""
        event = await stage.add_event(body=body)
        assert event.payload_length == len(body)
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_payload(event.id) == body

    async def test_finds_payloads_within_a_limit(self, stage: StoreStage) -> None:
        """In the order of the ids. Deleted payloads do not count, and unknown ids are left out."""
        events = [await stage.add_event(body=b"x" * length) for length in (10, 20, 30)]
        expired = await stage.add_event(body=b"x" * 100)
        await stage.record_results(EventResult(expired.id, EventStatus.PROCESSED))
        await stage.expire_payload(expired)
        first, second, third = (event.id for event in events)
        ids = [third, EventId(404), expired.id, first, second]

        async def find_lengths(max_bytes: int) -> dict[EventId, int]:
            async with stage.unit_of_work() as tx:
                payloads = await tx.events.find_payloads(ids, max_bytes=max_bytes)
            return {event_id: len(payload) for event_id, payload in payloads.items()}

        assert await find_lengths(60) == {third: 30, first: 10, second: 20}
        assert await find_lengths(59) == {third: 30, first: 10}
        assert await find_lengths(29) == {}

    async def test_a_project_and_a_provider_choose(self, stage: StoreStage) -> None:
        """Finds the events of a project of the organization. A project of another organization finds nothing."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        projects = [await stage.add_project(organization, name) for name in ("One", "Two")]
        foreign = await stage.add_project(await stage.add_organization("Zenith"))
        delivered = []
        for ids in ([0], [1], [0, 1], []):
            event = await stage.add_event()
            settled = build_result(event, integration, EventStatus.PROCESSED)
            await stage.record_results(replace(settled, project_ids=tuple(projects[number].id for number in ids)))
            delivered.append(event.id)

        async def list_ids(**where: object) -> list[EventId]:
            async with stage.unit_of_work() as tx:
                where_filter = EventFilter(organization.id, **where)  # type: ignore[arg-type]
                return [item.id for item in await tx.events.list(where_filter, limit=10)]

        assert await list_ids(project_id=projects[0].external_id) == [delivered[2], delivered[0]]
        assert await list_ids(project_id=projects[1].external_id, event_type="push") == [delivered[2], delivered[1]]
        assert await list_ids(project_id=projects[1].external_id, event_type="star") == []
        assert await list_ids(project_id=foreign.external_id) == []
        assert await list_ids(provider=PROVIDER) == delivered[::-1]
        assert await list_ids(provider="gitlab") == []

    async def test_what_failed_is_of_the_projects_that_are_linked_to_its_repository(self, stage: StoreStage) -> None:
        """A failed event has no verdict, so its projects are those linked to its repository."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        integration_b = await stage.add_integration(provider_id="2")
        linked, other = [await stage.add_project(organization, name) for name in ("One", "Two")]
        await stage.add_link(linked, integration, repo_id="7")
        await stage.add_link(other, integration, repo_id="8")
        events = {}
        for name, owner, repo_id, status in (
            ("failed", integration, "7", EventStatus.FAILED),
            ("pending", integration, "7", EventStatus.PENDING),
            ("ignored", integration, "7", EventStatus.IGNORED),
            ("elsewhere", integration, "9", EventStatus.FAILED),
            ("of another", integration_b, "7", EventStatus.FAILED),
        ):
            event = await stage.add_event(repo_id=repo_id)
            await stage.record_results(build_result(event, owner, status))
            events[name] = event.id

        async def list_ids(**where: object) -> list[EventId]:
            where_filter = EventFilter(organization.id, project_id=linked.external_id, **where)  # type: ignore[arg-type]
            async with stage.unit_of_work() as tx:
                whole = [item.id for item in await tx.events.list(where_filter, limit=10)]
                assert whole[:1] == [item.id for item in await tx.events.list(where_filter, limit=1)]
                return whole

        assert await list_ids() == [events["pending"], events["failed"]]
        assert await list_ids(status=EventStatus.FAILED) == [events["failed"]]
        assert await list_ids(event_type="star") == []

    async def test_oldest_due_is_the_longest_wait(self, stage: StoreStage) -> None:
        """Of what is due in any lane, the one received first counts."""
        other = next(key for key in map(str, range(1, 100)) if choose_lane(key) != choose_lane(str(INSTALLATION)))
        oldest = await stage.add_event(received_at=time_ago(hours=3))
        second = await stage.add_event(received_at=time_ago(hours=2), source_key=other)
        await stage.add_event(received_at=time_ago(hours=1))
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_oldest_due(now=now()) == oldest.created_at
        later = now() + timedelta(hours=1)
        await stage.record_results(EventResult(oldest.id, EventStatus.PENDING, attempts=1, next_attempt_at=later))
        async with stage.unit_of_work() as tx:
            assert await tx.events.find_oldest_due(now=now()) == second.created_at
            assert await tx.events.find_oldest_due(now=later) == oldest.created_at

    async def test_same_delivery_id_of_another_provider(self, stage: StoreStage) -> None:
        """Delivery ids are a provider's own."""
        delivery = build_delivery()
        await stage.add_delivery(delivery, now())
        await stage.add_delivery(replace(delivery, provider="gitlab"), now())
        async with stage.unit_of_work() as tx:
            where = EventFilter(delivery_id=delivery.delivery_id)
            assert [item.provider for item in await tx.events.list(where, limit=10)] == ["gitlab", PROVIDER]
