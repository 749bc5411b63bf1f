"""Following the log of domain events, and what it costs when many do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.actors import ServiceActor
from core.domain.errors import StorageUnavailable
from core.domain.identifiers import RepoId
from core.domain.organizations import Organization
from core.domain.streams.domain_event import DomainEventType, LinkData, Person, PushData, PushedCommit, RecordedEvent
from core.domain.streams.stream import Bounds, CursorExpired, EndReason, StreamEnded, StreamFilter
from core.use_cases.authorization import AccessControl
from core.use_cases.streams.log_follower import LogFollower, Subscription
from core.use_cases.streams.stream_events import StreamEvents, StreamLimits
from core.use_cases.streams.subscriber_buffers import SubscriberBuffers
from ports.unit_of_work import Transaction, UnitOfWork
from testing.builders.entities import build_domain_event
from testing.memory.clock import SettableClock
from testing.memory.metrics import MemoryMetrics
from testing.memory.store_stage import MemoryStoreStage
from tests.support.conditions import until
from tests.support.scenarios.processing import AlertBook

ANY = StreamFilter()
DATA = LinkData(UUID(int=1), RepoId("1"), "acme/widgets")
AT = datetime(2026, 11, 23, tzinfo=UTC)


async def nothing() -> None:
    """Let nothing happen."""


class Watched(UnitOfWork):
    """Counts transactions, and lets a test do something before each."""

    def __init__(self, world: MemoryStoreStage) -> None:
        self._world = world
        self.opened = 0
        self.at_the_start: Callable[[], Awaitable[None]] = nothing

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin one."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        self.opened += 1
        await self.at_the_start()
        async with self._world.unit_of_work() as tx:
            yield tx


class Log:
    """A log of domain events, and the tail that follows it."""

    def __init__(self, buffers: SubscriberBuffers | None = None, *, interval: float = 0.001) -> None:
        self.world = MemoryStoreStage()
        self.unit_of_work = Watched(self.world)
        self.alerts = AlertBook()
        self.follower = LogFollower(self.unit_of_work, self.alerts, buffers=buffers, interval=interval)

    async def happen(self, organization: Organization, *words: str, **facts: object) -> None:
        """Let these happen together."""
        async with self.world.unit_of_work() as tx:
            await tx.domain_events.append(
                [build_domain_event(organization, **{"data": replace(DATA, reason=word), **facts}) for word in words]
            )
            await tx.commit()


async def read_words(following: Subscription, count: int, *, within: float = 5) -> list[str]:
    """Return the next events, so many."""
    found: list[str] = []
    while len(found) < count:
        events = await following.next(within=within)
        assert events, f"{found} and no more"
        found += [word(event) for event in events]
    return found


def word(event: RecordedEvent) -> str:
    """Return what an event says."""
    assert isinstance(event.data, LinkData)
    return str(event.data.reason)


async def test_streams_new_events_of_the_organization() -> None:
    """Without earlier events."""
    log = Log()
    own_organization, other_organization = (
        await log.world.add_organization(),
        await log.world.add_organization("Zenith"),
    )
    await log.happen(own_organization, "before")
    following = await log.follower.follow(own_organization, ANY, None)
    assert await following.next(within=0.01) == []
    await log.happen(other_organization, "foreign")
    await log.happen(own_organization, "a", "b")
    assert await read_words(following, 2) == ["a", "b"]
    following.close()


async def test_thousand_readers_share_one_query() -> None:
    """No query runs without readers."""
    log = Log(interval=0.02)
    organizations = [await log.world.add_organization(f"Organization {number}") for number in range(20)]
    readers = [await log.follower.follow(organizations[number % 20], ANY, None) for number in range(1000)]
    waiting = [asyncio.create_task(read_words(reader, 1)) for reader in readers]
    before, began = log.unit_of_work.opened, asyncio.get_running_loop().time()
    await asyncio.sleep(0.3)
    lasted = asyncio.get_running_loop().time() - began
    assert 2 <= log.unit_of_work.opened - before <= lasted / 0.02 + 1
    for number, organization in enumerate(organizations):
        await log.happen(organization, str(number))
    assert await asyncio.gather(*waiting) == [[str(number % 20)] for number in range(1000)]
    for reader in readers:
        reader.close()
    assert log.follower._task is not None
    await log.follower._task
    before = log.unit_of_work.opened
    await asyncio.sleep(0.05)
    assert log.unit_of_work.opened == before


async def test_new_reader_misses_nothing_during_a_query() -> None:
    """The running query may have passed the reader's events."""
    log = Log()
    one, two = await log.world.add_organization("One"), await log.world.add_organization("Two")
    first = await log.follower.follow(one, ANY, None)
    joined: list[Subscription] = []

    async def join_and_write() -> None:
        log.unit_of_work.at_the_start = nothing
        joined.append(await log.follower.follow(two, ANY, None))
        waiting.append(asyncio.create_task(read_words(joined[0], 1, within=3600)))
        await asyncio.sleep(0)
        await log.happen(two, "passed by")

    waiting: list[asyncio.Task[list[str]]] = []
    log.unit_of_work.at_the_start = join_and_write
    await log.happen(one, "go")
    assert await read_words(first, 1) == ["go"]
    assert await asyncio.wait_for(waiting[0], 5) == ["passed by"]
    joined[0].close()
    first.close()


@pytest.mark.parametrize(
    "limits",
    [{}, {"max_events": 7}, {"max_events": 0}, {"max_characters": 2_500}],
    ids=["roomy", "few", "none", "short"],
)
async def test_slow_readers_catch_up_from_the_log(limits: dict[str, int]) -> None:
    """Each event once, in order."""
    buffers = SubscriberBuffers(**limits)
    log = Log(buffers)
    own_organization, noisy = await log.world.add_organization(), await log.world.add_organization("Noisy")
    slow, other = await log.follower.follow(own_organization, ANY, None), await log.follower.follow(noisy, ANY, None)
    expected = [str(number) for number in range(60)]
    for each in expected[:45]:
        await log.happen(own_organization, each)
        await log.happen(noisy, each, each)
    assert await read_words(slow, 20) == expected[:20]
    await read_words(other, 90)
    assert sum(len(feed.events) for feed in buffers.list_all()) <= buffers._max_events
    for each in expected[45:]:
        await log.happen(own_organization, each)
    assert await read_words(slow, 40) == expected[20:]
    assert await slow.next(within=0.02) == []
    slow.close()
    other.close()
    assert (buffers._characters, len(buffers._order)) == (0, 0)


async def test_limits_the_buffer_by_size() -> None:
    """A few pushes may be as large as thousands of others."""
    buffers = SubscriberBuffers(max_characters=1_000_000)
    log = Log(buffers)
    own_organization = await log.world.add_organization()
    commit = PushedCommit("a" * 40, "x" * 4000, None, None, Person("Mara"))
    push = PushData(
        RepoId("1"), "acme/w", "refs/heads/main", "branch", "main", "0" * 40, "a" * 40,
        created=False, deleted=False, forced=False, default_branch="main", compare_url=None, pusher=None,
        sender=None, commits=(commit,) * 100, commits_truncated=False,
    )  # fmt: skip
    following = await log.follower.follow(own_organization, ANY, None)
    await log.happen(own_organization, *"abcdef", type=DomainEventType.PUSH, data=push)
    found = 0
    while found < 6:
        found += len(await following.next(within=5))
    [feed] = buffers.list_all()
    assert 0 < len(feed.events) <= 2
    following.close()


async def test_continues_after_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams stay open, and nothing is lost."""
    monkeypatch.setattr("core.use_cases.streams.log_follower._OUTAGE_DELAY_SECONDS", 0.001)
    log = Log()
    own_organization = await log.world.add_organization()
    following = await log.follower.follow(own_organization, ANY, None)
    waiting = asyncio.create_task(read_words(following, 2))
    await log.world.lose_storage()
    opened = log.unit_of_work.opened

    async def looked() -> bool:
        return log.unit_of_work.opened > opened + 2

    await until(looked)
    await log.world.restore_storage()
    await log.happen(own_organization, "a", "b")
    assert await waiting == ["a", "b"]
    following.close()


async def test_internal_error_ends_streams() -> None:
    """With an alert; readers reconnect to a working stream."""
    log = Log()
    own_organization = await log.world.add_organization()
    following = await log.follower.follow(own_organization, ANY, None)
    waiting = asyncio.create_task(following.next(within=5))

    async def break_down() -> None:
        log.unit_of_work.at_the_start = nothing
        raise ZeroDivisionError

    log.unit_of_work.at_the_start = break_down
    with pytest.raises(StreamEnded) as ended:
        await waiting
    assert ended.value.reason is EndReason.FAILED
    assert [code for code, _ in log.alerts.entries] == ["event_streams_failed"]
    assert log.follower._task is not None
    assert isinstance(log.follower._task.exception(), ZeroDivisionError)
    await log.happen(own_organization, "meanwhile")
    again = await log.follower.follow(own_organization, ANY, following.cursor)
    following.close()
    assert await read_words(again, 1) == ["meanwhile"]
    await log.happen(own_organization, "live")
    assert await read_words(again, 1) == ["live"]
    again.close()


@pytest.mark.parametrize(
    ("bounds", "cursor", "begin"),
    [
        (Bounds(None, None), None, 0),
        (Bounds(None, None), 0, 0),
        (Bounds(3, 9), None, 9),
        (Bounds(3, 9), 0, 0),
        (Bounds(3, 9), 3, 3),
        (Bounds(3, 9), 9, 9),
    ],
)
def test_stream_starts_at_its_cursor(bounds: Bounds, cursor: int | None, begin: int) -> None:
    """Or now, or at the oldest stored event."""
    assert bounds.begin(cursor) == begin


@pytest.mark.parametrize(("bounds", "cursor"), [(Bounds(3, 9), 2), (Bounds(3, 9), 10), (Bounds(None, None), 1)])
def test_rejects_unusable_cursors(bounds: Bounds, cursor: int) -> None:
    """Older than the stored events, or newer than all."""
    with pytest.raises(CursorExpired):
        bounds.begin(cursor)


async def test_checks_access_after_an_outage_before_sending() -> None:
    """Meanwhile the stream stays open without events."""
    log = Log()
    own_organization = await log.world.add_organization()
    clock, metrics = SettableClock(AT), MemoryMetrics()
    stream_events = StreamEvents(
        log.follower, StreamLimits(metrics), AccessControl(log.world.directory, OsoAuthorizer(), ()), clock, metrics
    )
    service = ServiceActor("deployer", frozenset({"git.events"}))
    stream = await stream_events(service, organization_id=own_organization.external_id, until=AT + timedelta(hours=1))
    clock.advance(timedelta(seconds=61))
    await log.world.lose_storage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.use_cases.streams.stream_events._OUTAGE_DELAY_SECONDS", 0.001)
        assert await stream.next(within=1) == []
    await log.world.restore_storage()
    await log.happen(own_organization, "new")
    events = await stream.next(within=5)
    assert [word(event) for event in events] == ["new"]
    assert (metrics.open_streams, len(metrics.lags)) == (1, 1)
    clock.advance(timedelta(hours=1))
    with pytest.raises(StreamEnded) as ended:
        await stream.next(within=5)
    assert ended.value.reason is EndReason.SIGN_IN_EXPIRED
    stream.close()
    await log.world.lose_storage()
    with pytest.raises(StorageUnavailable):
        await stream_events(service, organization_id=own_organization.external_id, until=AT)
