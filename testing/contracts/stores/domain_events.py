import asyncio
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from uuid import UUID

import pytest

from core.domain.identifiers import EventId, LinkId
from core.domain.organizations import Organization
from core.domain.streams.domain_event import DomainEventType, LinkData, PushData, RecordedEvent
from core.domain.streams.stream import Bounds, StreamFilter
from ports.domain_events import EventPage
from testing.builders.domain_events import COMMIT, DATA, LINK, PUSH, REPO
from testing.builders.entities import build_domain_event, now, time_ago
from testing.contracts.store_stage import StoreStage


class DomainEventStoreContract:
    """What every outbox promises."""

    @pytest.mark.parametrize("event_type", DomainEventType)
    async def test_every_kind_comes_back(self, stage: StoreStage, event_type: DomainEventType) -> None:
        """Each kind of fact is read as it was appended, named by what callers know."""
        organization = await stage.add_organization()
        project = await stage.add_project(organization)
        source = await stage.add_event()
        occurred, data = time_ago(hours=1), DATA[event_type]
        async with stage.unit_of_work() as tx:
            fact = build_domain_event(
                organization,
                type=event_type,
                occurred_at=occurred,
                data=data,
                project_id=project.id,
                source_event_id=source.id,
            )
            await tx.domain_events.append([fact])
            await tx.commit()
        [recorded] = await _all(stage)
        assert recorded == RecordedEvent(
            id=recorded.id,
            type=event_type,
            version=1,
            organization_id=organization.external_id,
            project_id=project.external_id,
            occurred_at=occurred,
            recorded_at=recorded.recorded_at,
            source_event_id=source.delivery_id,
            data=data,
        )
        assert time_ago(minutes=1) < recorded.recorded_at <= now()

    async def test_authors_times_keep_their_instant(self, stage: StoreStage) -> None:
        """A commit's time from another zone is the same instant."""
        organization = await stage.add_organization()
        local = time_ago(days=1).astimezone(timezone(timedelta(hours=-7)))
        data = replace(PUSH, commits=(replace(COMMIT, timestamp=local),))
        await _append(stage, organization, data=data, type=DomainEventType.PUSH)
        [recorded] = await _all(stage)
        assert isinstance(recorded.data, PushData)
        assert recorded.data.commits[0].timestamp == local.astimezone(UTC)

    async def test_facts_come_in_order_after_the_cursor(self, stage: StoreStage) -> None:
        """A reader continues from the last id that it received."""
        organization = await stage.add_organization()
        for number in range(5):
            await _append(stage, organization, data=replace(LINK, reason=str(number)))
        facts = await _all(stage)
        assert [_reason(fact) for fact in facts] == list("01234")
        assert [fact.id for fact in facts] == sorted({fact.id for fact in facts})
        assert [fact.recorded_at for fact in facts] == sorted(fact.recorded_at for fact in facts)
        async with stage.unit_of_work() as tx:
            assert await tx.domain_events.list_after(facts[1].id, limit=2) == facts[2:4]
            assert await tx.domain_events.list_after(facts[4].id, limit=2) == []

    async def test_several_at_once_keep_their_order(self, stage: StoreStage) -> None:
        """Facts appended in one transaction, in one call or more, are recorded in that order."""
        organization = await stage.add_organization()
        facts = [build_domain_event(organization, data=replace(LINK, reason=str(number))) for number in range(100)]
        async with stage.unit_of_work() as tx:
            await tx.domain_events.append(facts[:50])
            await tx.domain_events.append(facts[50:])
            await tx.commit()
        assert [_reason(fact) for fact in await _all(stage)] == [str(number) for number in range(100)]

    async def test_uncommitted_facts_are_never_recorded(self, stage: StoreStage) -> None:
        """Facts of a transaction that was not committed, or committed already, are not recorded again."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            await tx.domain_events.append([build_domain_event(organization)])
        assert await _all(stage) == []
        async with stage.unit_of_work() as tx:
            await tx.domain_events.append([build_domain_event(organization)])
            await tx.commit()
            await tx.commit()
        assert len(await _all(stage)) == 1

    async def test_same_fact_of_a_source_is_kept_once(self, stage: StoreStage) -> None:
        """An effect applied twice is recorded once; of another link, repository, type or source it is new."""
        organization = await stage.add_organization()
        item, two = await stage.add_event(), await stage.add_event()
        fact = build_domain_event(organization, source_event_id=item.id)
        others = [
            replace(fact, link_id=LinkId(1)),
            replace(fact, repo_id=REPO),
            replace(fact, type=DomainEventType.LINK_REMOVED),
            replace(fact, source_event_id=two.id),
        ]
        async with stage.unit_of_work() as tx:
            await tx.domain_events.append([fact, fact, *others])
            await tx.commit()
        async with stage.unit_of_work() as tx:
            await tx.domain_events.append([fact, *others])
            await tx.commit()
        assert len(await _all(stage)) == 5

    async def test_facts_without_a_source_are_all_kept(self, stage: StoreStage) -> None:
        """What no delivery caused is never a repetition."""
        organization = await stage.add_organization()
        fact = build_domain_event(organization)
        async with stage.unit_of_work() as tx:
            await tx.domain_events.append([fact, fact])
            await tx.commit()
        assert len(await _all(stage)) == 2

    async def test_facts_of_one_source(self, stage: StoreStage) -> None:
        """What a delivery led to is found by it, in order."""
        organization = await stage.add_organization()
        event = await stage.add_event()
        await _append(stage, organization)
        for number in (1, 2):
            await _append(stage, organization, source_event_id=event.id, link_id=LinkId(number))
        async with stage.unit_of_work() as tx:
            assert await tx.domain_events.list_by_source(event.id) == (await _all(stage))[1:]
            assert await tx.domain_events.list_by_source(EventId(404)) == []

    async def test_reader_by_cursor_misses_nothing(self, stage: StoreStage) -> None:
        """While eight writers commit, a reader that continues from the last id receives every event."""
        organization = await stage.add_organization()
        writers, each = 8, 40

        async def write(writer: int) -> None:
            for number in range(each):
                reason = f"{writer}/{number}"
                await _append(stage, organization, data=replace(LINK, reason=reason))

        async def read() -> list[str | None]:
            seen: list[str | None] = []
            cursor = 0
            while True:
                was_done = done.is_set()
                async with stage.unit_of_work() as tx:
                    facts = await tx.domain_events.list_after(cursor, limit=7)
                seen += [_reason(fact) for fact in facts]
                cursor = facts[-1].id if facts else cursor
                if was_done and not facts:
                    return seen
                await asyncio.sleep(0)  # let the writers write, where storage never waits

        done = asyncio.Event()
        reader = asyncio.create_task(read())
        await asyncio.gather(*(write(writer) for writer in range(writers)))
        done.set()
        seen = await reader
        assert sorted(map(str, seen)) == sorted(f"{w}/{n}" for w in range(writers) for n in range(each))

    async def test_an_organization_reads_its_own(self, stage: StoreStage) -> None:
        """Behind a cursor, in pages, those wanted; and how far was looked though nothing was found."""
        organization, other_organization = await stage.add_organization(), await stage.add_organization("Zenith")
        project, other = await stage.add_project(organization), await stage.add_project(organization, "Other")
        foreign = await stage.add_project(other_organization)
        await _append(stage, other_organization, project_id=foreign.id)
        for number, item in enumerate([project, None, other, project]):
            data = replace(LINK, reason=str(number))
            await _append(stage, organization, project_id=item.id if item else None, data=data)
        await _append(stage, organization, type=DomainEventType.LINK_REMOVED, data=replace(LINK, reason="4"))
        await _append(stage, other_organization)
        ids = [fact.id for fact in await _all(stage)]

        async def read_page(after: int = 0, limit: int = 10, **wanted: object) -> tuple[str, int]:
            where = StreamFilter(**{name: frozenset([value]) for name, value in wanted.items()})  # type: ignore[arg-type]
            async with stage.unit_of_work() as tx:
                page = await tx.domain_events.list_by_organization(organization.id, where, after=after, limit=limit)
            return "".join(map(str, map(_reason, page.events))), page.reached

        assert await read_page() == ("01234", ids[-1])
        assert await read_page(limit=2) == ("01", ids[2])
        assert await read_page(after=ids[2], limit=3) == ("234", ids[5])
        assert await read_page(after=ids[5]) == ("", ids[-1])
        assert await read_page(after=ids[-1]) == ("", ids[-1])
        assert await read_page(after=ids[-1] + 5) == ("", ids[-1] + 5)
        assert await read_page(types=DomainEventType.LINK_REMOVED) == ("4", ids[-1])
        assert await read_page(project_ids=project.external_id) == ("03", ids[-1])
        assert await read_page(project_ids=project.external_id, types=DomainEventType.LINK_CREATED, limit=1) == (
            "0",
            ids[1],
        )
        assert await read_page(project_ids=foreign.external_id) == ("", ids[-1])
        assert await read_page(project_ids=UUID(int=404)) == ("", ids[-1])

    async def test_several_organizations_are_followed_at_once(self, stage: StoreStage) -> None:
        """Returns the events of these organizations in order, and the end of the range."""
        item, two, three = [await stage.add_organization(name) for name in ("One", "Two", "Three")]
        for number, organization in enumerate([item, two, three, item, two, three]):
            await _append(stage, organization, data=replace(LINK, reason=str(number)))
        ids = [fact.id for fact in await _all(stage)]

        async def read_page(*of: Organization, after: int = 0, limit: int = 10) -> tuple[str, int]:
            async with stage.unit_of_work() as tx:
                organization_ids = [organization.id for organization in of]
                page = await tx.domain_events.list_by_organizations(organization_ids, after=after, limit=limit)
            return "".join(map(str, map(_reason, page.events))), page.reached

        assert await read_page(item, two) == ("0134", ids[-1])
        assert await read_page(item, two, after=ids[0], limit=2) == ("13", ids[3])
        assert await read_page(three, after=ids[2], limit=1) == ("5", ids[5])
        assert await read_page() == ("", ids[-1])

    async def test_bounds_are_the_oldest_and_the_newest(self, stage: StoreStage) -> None:
        """Of everyone's."""
        assert await _bounds(stage) == Bounds(None, None)
        async with stage.unit_of_work() as tx:
            assert await tx.domain_events.list_by_organizations([], after=0, limit=1) == EventPage([], 0)
        for name in ("One", "Two"):
            await _append(stage, await stage.add_organization(name))
        first, last = await _all(stage)
        assert await _bounds(stage) == Bounds(first.id, last.id)


async def _bounds(stage: StoreStage) -> Bounds:
    async with stage.unit_of_work() as tx:
        return await tx.domain_events.get_bounds()


async def _append(stage: StoreStage, organization: Organization, **facts: object) -> None:
    async with stage.unit_of_work() as tx:
        await tx.domain_events.append([build_domain_event(organization, **facts)])
        await tx.commit()


async def _all(stage: StoreStage) -> list[RecordedEvent]:
    async with stage.unit_of_work() as tx:
        return list(await tx.domain_events.list_after(0, limit=1000))


def _reason(fact: RecordedEvent) -> str | None:
    assert isinstance(fact.data, LinkData)
    return fact.data.reason
