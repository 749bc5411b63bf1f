"""Draining a lane: in order, in batches, each effect exactly once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventStatus, Outcome
from core.domain.streams.domain_event import DomainEventType, PushData
from core.use_cases.deliveries.drain_lane import DrainResult
from tests.support.builders.domain import EVENT, INTEGRATION, LAUNCHPAD, LINK, NOW, REPOSITORY, link
from tests.support.scenarios.processing import Processing, payload, push

LANE = EVENT.lane


def hashes(processing: Processing) -> list[str]:
    """Return the hash of each published push, in order."""
    return [fact.data.after for fact in processing.facts() if isinstance(fact.data, PushData)]


def numbers(*pushes: int) -> list[str]:
    """Return the hashes of these pushes."""
    return [f"{number:040x}" for number in pushes]


async def test_processes_and_publishes_a_push() -> None:
    """With verdicts and domain event."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", payload("push/branch"))
    assert await processing.drain() is DrainResult.EMPTY
    event = processing.event(delivery)
    assert (event.status, event.error_message, event.attempts) == (EventStatus.PROCESSED, None, 0)
    assert (event.integration_id, event.project_ids) == (INTEGRATION.id, (LINK.project_id,))
    (verdict,) = event.verdicts
    assert (verdict.subject, verdict.outcome, verdict.reason) == ("link", Outcome.PROCESSED, "delivered")
    assert event.processed_at == NOW
    (fact,) = processing.facts()
    assert (fact.type, fact.source_event_id) == (DomainEventType.PUSH, event.id)
    assert isinstance(fact.data, PushData)
    assert fact.data.commits[0].author.name == "Mara Okafor"
    assert (fact.data.ref, fact.data.repo_id) == ("refs/heads/main", LAUNCHPAD)


async def test_processes_events_in_order_of_arrival() -> None:
    processing = Processing()
    processing.connect()
    for number in range(20):
        await processing.deliver("push", push(number))
    await processing.drain()
    assert hashes(processing) == numbers(*range(20))


async def test_event_sees_changes_of_earlier_events() -> None:
    """Within one batch."""
    processing = Processing()
    processing.connect()
    names = ["pad", "tower", "launch-control"]
    for second, name in enumerate(names):
        renamed = payload("repository/renamed")
        renamed["repository"] |= {
            "name": name,
            "full_name": f"acme-rockets/{name}",
            "updated_at": f"2026-09-22T08:00:{second:02}Z",
        }
        await processing.deliver("repository", renamed)
    await processing.drain()
    state = processing.database.committed
    assert state.repositories[INTEGRATION.id, LAUNCHPAD].full_name == "acme-rockets/launch-control"
    assert state.links[LINK.id].repo_full_name == "acme-rockets/launch-control"
    trail = [version.changes["repo_full_name"] for _, version in sorted(state.versions.items())]
    before = ["acme-rockets/launchpad", *(f"acme-rockets/{name}" for name in names)]
    assert trail == [list(pair) for pair in pairwise(before)]


async def test_skips_an_older_event_within_a_batch() -> None:
    """The provider's time counts, not the order of arrival."""
    processing = Processing()
    processing.connect()
    for time, name in [("2026-09-22T09:00:00Z", "new"), ("2026-09-22T08:00:00Z", "old")]:
        renamed = payload("repository/renamed")
        renamed["repository"] |= {"full_name": f"acme-rockets/{name}", "updated_at": time}
        late = await processing.deliver("repository", renamed)
    await processing.drain()
    assert processing.database.committed.repositories[INTEGRATION.id, LAUNCHPAD].full_name == "acme-rockets/new"
    assert processing.event(late).verdicts[0].reason == "older_than_state"


async def test_batch_is_one_transaction() -> None:
    processing = Processing()
    processing.connect()
    for number in range(600):
        await processing.deliver("push", push(number))
    processing.unit_of_work.opened = 0
    await processing.drain()
    assert hashes(processing) == numbers(*range(600))
    # Three batches and the record of each start, one empty batch, and one more query.
    assert processing.unit_of_work.opened == 8
    assert processing.metrics.results == {EventStatus.PROCESSED: 600}


async def test_drains_only_its_lane() -> None:
    processing = Processing()
    processing.connect()
    elsewhere = push() | {"installation": {"id": 2}}
    assert choose_lane("2") != LANE
    delivery = await processing.deliver("push", elsewhere)
    await processing.drain()
    assert processing.event(delivery).status is EventStatus.PENDING
    await processing.drain(choose_lane("2"))
    assert processing.event(delivery).status is EventStatus.UNROUTED


async def test_second_drain_publishes_nothing() -> None:
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push())
    assert [await processing.drain(), await processing.drain()] == [DrainResult.EMPTY, DrainResult.EMPTY]
    assert len(processing.facts()) == 1


async def test_concurrent_drainers_process_each_event_once() -> None:
    """One holds the lane, and the others leave."""
    processing = Processing()
    processing.connect()
    for number in range(30):
        await processing.deliver("push", push(number))
    await asyncio.gather(*(processing.drain() for _ in range(8)))
    assert hashes(processing) == numbers(*range(30))


async def test_rejected_drainer_changes_nothing() -> None:
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push())
    async with processing.unit_of_work() as holder:
        assert await holder.event_queue.try_lock(LANE)
        assert await processing.drain() is DrainResult.HELD_ELSEWHERE
    assert processing.event(delivery).status is EventStatus.PENDING
    assert await processing.drain() is DrainResult.EMPTY


async def test_acknowledges_the_notification_before_reading() -> None:
    """A notification that arrives later must not be lost."""
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push())
    processing.protocol.on_read = lambda _body: processing.bell.notify(LANE)
    await processing.drain()
    assert processing.bell.notified_lanes == [LANE, LANE]


async def test_processes_an_event_that_arrives_during_the_release() -> None:
    """Its drainer is rejected, so the holder reads again."""
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push(1))
    refused: list[DrainResult] = []

    async def arrive() -> None:
        if processing.unit_of_work.opened == 3:  # the batch, its start, then the look that found nothing
            async with processing.unit_of_work() as still_held:
                await still_held.event_queue.lock(LANE)
                await processing.deliver("push", push(2))
                refused.append(await processing.drain())

    processing.unit_of_work.after_end = arrive
    assert await processing.drain() is DrainResult.EMPTY
    assert refused == [DrainResult.HELD_ELSEWHERE]
    assert hashes(processing) == numbers(1, 2)


async def test_long_drain_ends_and_notifies() -> None:
    """After 30 seconds, so that other lanes get their turn."""
    processing = Processing()
    processing.connect()
    for number in range(600):
        await processing.deliver("push", push(number))
    processing.bell.notified_lanes.clear()

    def take_time(_body: bytes) -> None:
        processing.clock.advance(timedelta(seconds=0.1))
        processing.bell.notify(LANE)  # swallowed but for the first, and that one may be lost

    processing.protocol.on_read = take_time
    assert await processing.drain() is DrainResult.OUT_OF_TIME
    assert processing.bell.notified_lanes == [LANE, LANE]
    assert processing.statuses().count("processed") == 512
    processing.protocol.on_read = lambda _body: None
    assert await processing.drain() is DrainResult.EMPTY
    assert hashes(processing) == numbers(*range(600))


async def test_outage_counts_no_attempt() -> None:
    """Nothing is stored."""
    processing = Processing()
    processing.connect()
    deliveries = [await processing.deliver("push", push(number)) for number in range(3)]

    def lose(_body: bytes) -> None:
        processing.database.is_reachable = False

    processing.protocol.on_read = lose
    with pytest.raises(StorageUnavailable):
        await processing.drain()
    processing.protocol.on_read = lambda _body: None
    processing.database.is_reachable = True
    assert [processing.event(one).attempts for one in deliveries] == [0, 0, 0]
    assert (processing.facts(), processing.metrics.results) == ([], {})
    await processing.drain()
    assert hashes(processing) == numbers(0, 1, 2)


async def test_effects_and_results_are_atomic() -> None:
    """After a failed commit the next drain does all of it once."""
    processing = Processing()
    processing.connect()
    delivery = await processing.deliver("push", push())
    failures = iter([StorageUnavailable("The database went away.")])

    async def fail_once() -> None:
        for failure in failures:
            raise failure

    processing.unit_of_work.before_commit = fail_once
    with pytest.raises(StorageUnavailable):
        await processing.drain()
    assert (processing.facts(), processing.event(delivery).status) == ([], EventStatus.PENDING)
    await processing.drain()
    assert (len(processing.facts()), processing.event(delivery).status) == (1, EventStatus.PROCESSED)


async def test_publishes_for_several_projects() -> None:
    """The event names each matched project; disabled links have their own verdict."""
    processing = Processing()
    quiet = replace(link(2), webhooks_enabled=False)
    processing.connect(links=(link(1), quiet, link(3)))
    delivery = await processing.deliver("push", push())
    await processing.drain()
    event = processing.event(delivery)
    assert [verdict.reason for verdict in event.verdicts] == ["delivered", "webhooks_disabled", "delivered"]
    assert event.project_ids == tuple(one.project_id for one in (link(1), quiet, link(3)))
    assert [fact.project_id for fact in processing.facts()] == [link(1).project_id, link(3).project_id]


async def test_reported_deletion_waits_for_the_provider() -> None:
    """Until then later events are processed normally."""
    processing = Processing()
    processing.connect()
    deliveries = [
        await processing.deliver("push", push(1)),
        await processing.deliver("installation", payload("installation/deleted")),
        await processing.deliver("push", push(2)),
    ]
    await processing.drain()
    assert [processing.event(one).status.value for one in deliveries] == ["processed"] * 3
    [verdict] = processing.event(deliveries[1]).verdicts
    assert verdict.reason == "deletion_to_confirm"
    assert processing.database.committed.integrations[INTEGRATION.id] == INTEGRATION
    [check] = processing.database.committed.installation_checks.values()
    assert check.deletion is not None
    assert check.deletion.delivery_id == deliveries[1]


async def test_ignores_a_push_without_a_link() -> None:
    """With its integration and reason."""
    processing = Processing()
    processing.connect(links=(), repositories=(REPOSITORY,))
    delivery = await processing.deliver("push", push())
    await processing.drain()
    event = processing.event(delivery)
    assert (event.status, event.error_message) == (EventStatus.IGNORED, "repository_not_linked")
    assert (event.integration_id, processing.facts()) == (INTEGRATION.id, [])
