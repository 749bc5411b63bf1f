from collections import Counter
from dataclasses import replace
from datetime import timedelta

from core.domain.events.event import EventResult, EventStatus
from core.domain.events.event_query import EventQuery, parse_event_query
from core.domain.events.metrics import Bucket, classify_duration
from core.domain.events.summary import EventKind, EventSummary, PullRequestSummary, SummaryActor, SummaryRepository
from core.domain.identifiers import EventId, ProjectId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization
from core.domain.refs import RefType
from ports.events import EventFilter
from testing.builders.entities import Fact, build_result, now, time_ago
from testing.contracts.store_stage import StoreStage

SUMMARY = EventSummary(
    EventKind.PUSH,
    "Fix the countdown",
    RefType.BRANCH,
    "feature/hold",
    "abcdef0" + "1" * 33,
    commits=2,
    forced=True,
    url="https://provider.example/commit/1",
    actor=SummaryActor("7", "Mara"),
    repository=SummaryRepository("1", "acme/widgets", None),
)
PULL = EventSummary(
    EventKind.PULL_REQUEST,
    "Hold 100 % of it",
    RefType.BRANCH,
    "topic",
    "abcdef0" + "2" * 33,
    pull_request=PullRequestSummary(12, "opened", "Hold 100 % of it", draft=True, merged=False, head="t", base="main"),
    actor=SummaryActor(None, "jonas"),
)


class EventScanContract:
    """What every store of events promises about summaries, and about searches for them."""

    async def test_keeps_a_summary(self, stage: StoreStage) -> None:
        """A later result without a summary does not remove it."""
        event = await stage.add_event()
        await stage.record_results(EventResult(event.id, EventStatus.PENDING, attempts=1, summary=SUMMARY))
        assert (await stage.get_event(event)).summary == SUMMARY
        await stage.record_results(EventResult(event.id, EventStatus.FAILED))
        assert (await stage.get_event(event)).summary == SUMMARY

    async def test_a_reopened_event_keeps_its_summary(self, stage: StoreStage) -> None:
        """A retry changes the result, not what the payload says."""
        integration = await stage.add_integration()
        event = await stage.add_event()
        await stage.record_results(replace(build_result(event, integration, EventStatus.FAILED), summary=PULL))
        async with stage.unit_of_work() as tx:
            assert await tx.events.reopen([event.id], now=now()) == [event.id]
            await tx.commit()
        assert (await stage.get_event(event)).summary == PULL

    async def test_finds_by_each_filter(self, stage: StoreStage) -> None:
        """Filters of a scan and of a list choose together."""
        organization, integration = await self._connect(stage)
        project = await stage.add_project(organization)
        push = await self._add(stage, integration, SUMMARY, project_ids=(project.id,))
        pull = await self._add(stage, integration, PULL, event_type="pull_request", repo_id="2")
        plain = await self._add(stage, integration, None, event_type="pull_request", status=EventStatus.IGNORED)

        async def find(**where: object) -> list[EventId]:
            return await self._scan(stage, EventFilter(organization.id, **where))  # type: ignore[arg-type]

        assert await find(repo_id=RepoId("2")) == [pull]
        assert await find(branch="feature/hold") == [push]
        assert await find(actor="mara") == [push]
        assert await find(kinds=frozenset({EventKind.PULL_REQUEST})) == [plain, pull]
        assert await find(is_linked=True) == [push]
        assert await find(project_id=project.external_id, branch="feature/hold") == [push]
        assert await find(project_id=project.external_id, branch="main") == []
        assert await find(kinds=frozenset(EventKind), status=EventStatus.PROCESSED) == [pull, push]
        assert await find(kinds=frozenset(EventKind), until=time_ago(hours=1)) == []
        other = await stage.add_organization("Zenith")
        assert await self._scan(stage, EventFilter(other.id, kinds=frozenset(EventKind))) == []

    async def test_a_list_ends_before_a_time(self, stage: StoreStage) -> None:
        """`until` excludes the time itself."""
        organization, integration = await self._connect(stage)
        old = await stage.add_event(received_at=time_ago(hours=2))
        new = await stage.add_event()
        await stage.record_results(*(build_result(event, integration, EventStatus.PROCESSED) for event in (old, new)))
        async with stage.unit_of_work() as tx:
            where = EventFilter(organization.id, until=new.created_at)
            assert [event.id for event in await tx.events.list(where, limit=9)] == [old.id]

    async def test_finds_what_was_typed(self, stage: StoreStage) -> None:
        """A delivery id, a number or a commit finds exactly that; any other text is a part of headline or branch."""
        organization, integration = await self._connect(stage)
        project = await stage.add_project(organization)
        push = await self._add(stage, integration, SUMMARY, project_ids=(project.id,))
        pull = await self._add(stage, integration, PULL)
        other = await stage.add_integration(provider_id="2")
        await self._add(stage, other, SUMMARY)
        async with stage.unit_of_work() as tx:
            event = await tx.events.find_by_id(push)
        assert event is not None

        async def find(text: str, **where: object) -> list[EventId]:
            query = parse_event_query(text)
            return await self._scan(stage, EventFilter(organization.id, query=query, **where))  # type: ignore[arg-type]

        assert await find(event.delivery_id) == [push]
        assert await find("ABCDEF01") == [push]
        assert await find("abcdef0", event_type="star") == []
        assert await find("#12") == [pull]
        assert await find("12") == [pull]
        assert await find("#1") == []
        assert await find("COUNTDOWN") == [push]
        assert await find("hold") == [pull, push]
        assert await find("100 %") == [pull]
        assert await find("e/h") == [push]
        assert await find("_") == []
        hidden = EventQuery("hold", linked_only=True)
        assert await self._scan(stage, EventFilter(organization.id, query=hidden)) == [push]

    async def test_a_scan_continues(self, stage: StoreStage) -> None:
        """Pages have each event once."""
        organization, integration = await self._connect(stage)
        added = [await self._add(stage, integration, SUMMARY) for _ in range(5)]
        where = EventFilter(organization.id, branch="feature/hold")
        found: list[EventId] = []
        async with stage.unit_of_work() as tx:
            while page := (await tx.events.scan(where, limit=2, before=found[-1] if found else None)).events:
                found += [event.id for event in page]
        assert found == added[::-1]

    async def test_counts_results_by_hour(self, stage: StoreStage) -> None:
        """Each end of processing counts, also that of a retry; a pending event and another organization do not."""
        organization, integration = await self._connect(stage)
        event = await stage.add_event(received_at=time_ago(seconds=8))
        await stage.record_results(build_result(event, integration, EventStatus.FAILED))
        async with stage.unit_of_work() as tx:
            assert await tx.events.reopen([event.id], now=now()) == [event.id]
            await tx.commit()
        await stage.record_results(build_result(event, integration, EventStatus.PROCESSED))
        for status in (EventStatus.PROCESSED, EventStatus.IGNORED, EventStatus.PENDING, EventStatus.UNROUTED):
            other = await stage.add_event()
            owner = None if status is EventStatus.UNROUTED else integration
            await stage.record_results(build_result(other, owner, status))
        foreign = await stage.add_integration(provider_id="2")
        await stage.record_results(build_result(await stage.add_event(), foreign, EventStatus.FAILED))
        counted: Counter[EventStatus] = Counter()
        async with stage.unit_of_work() as tx:
            since, until = Bucket.DAY.floor(time_ago(hours=1)), now() + timedelta(hours=1)
            for count in await tx.events.count_results(organization.id, since=since, until=until, bucket=Bucket.DAY):
                assert count.start == Bucket.DAY.floor(count.start)
                counted[count.status] += count.events
                if count.status is EventStatus.FAILED:
                    assert classify_duration(timedelta(seconds=7)) <= count.duration_class
                    assert count.duration_class <= classify_duration(timedelta(seconds=15))
            assert (
                await tx.events.count_results(
                    organization.id,
                    since=since - timedelta(days=9),
                    until=since - timedelta(days=2),
                    bucket=Bucket.HOUR,
                )
                == []
            )
        assert counted == {EventStatus.PROCESSED: 2, EventStatus.IGNORED: 1, EventStatus.FAILED: 1}

    async def _connect(self, stage: StoreStage) -> tuple[Organization, Integration]:
        organization = await stage.add_organization()
        return organization, await stage.add_integration(organization)

    async def _add(
        self,
        stage: StoreStage,
        integration: Integration,
        summary: EventSummary | None,
        *,
        status: EventStatus = EventStatus.PROCESSED,
        project_ids: tuple[ProjectId, ...] = (),
        **facts: Fact,
    ) -> EventId:
        event = await stage.add_event(**facts)
        result = build_result(event, integration, status)
        await stage.record_results(replace(result, summary=summary, project_ids=project_ids))
        return event.id

    async def _scan(self, stage: StoreStage, where: EventFilter) -> list[EventId]:
        async with stage.unit_of_work() as tx:
            scan = await tx.events.scan(where, limit=10)
            assert scan.reached is None
            return [event.id for event in scan.events]
