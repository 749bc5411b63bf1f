"""How far back the log is read, and when a run has done enough."""

from datetime import timedelta

from tests.support.scenarios.recovery import Recovery


async def test_reads_the_log_slightly_beyond_the_mark(recovery: Recovery) -> None:
    """Ten minutes, since entries appear late."""
    for number in range(300):
        recovery.log(ago=timedelta(hours=2, seconds=300 - number))
    await recovery.run()
    late = recovery.log(ago=timedelta(hours=2, minutes=9))
    too_late = recovery.log(ago=timedelta(hours=2, minutes=11))
    report = await recovery.run()
    assert recovery.list_recovered()[300:] == [late]
    assert report.looked_at == 301
    assert too_late not in recovery.list_recovered()
    assert (await recovery.run(since=timedelta(hours=3))).recovered == 1
    assert too_late in recovery.list_recovered()


async def test_single_late_entry_does_not_end_the_reading(recovery: Recovery) -> None:
    """The log is ordered by creation, and an entry may have been sent much later."""
    recovery.log(ago=timedelta(minutes=20))
    await recovery.run()
    held_up = recovery.log(ago=timedelta(minutes=15))
    for _ in range(100):
        recovery.log(ago=timedelta(hours=5))
    await recovery.run()
    assert recovery.list_recovered()[1:] == [held_up]


async def test_requested_run_reads_at_least_as_far(recovery: Recovery) -> None:
    """Otherwise deliveries would be skipped permanently."""
    old = recovery.log(ago=timedelta(days=2))
    await recovery.run(since=timedelta(minutes=5))
    assert recovery.list_recovered() == [old]


async def test_recovers_handled_events_first_in_limited_runs(recovery: Recovery) -> None:
    """Of 7,000, the 270 relevant ones are stored after the first run, in order."""
    relevant = []
    for number in range(7000):
        matters = number % 26 == 0
        guid = recovery.log(ago=timedelta(seconds=90_000 - number), event="push" if matters else "workflow_job")
        if matters:
            relevant.append(guid)
    assert len(relevant) == 270
    report = await recovery.run()
    assert recovery.list_recovered()[:270] == relevant
    assert (report.looked_at, report.recovered, report.missing) == (7000, 600, 6400)
    assert not report.is_complete
    assert recovery.provider.calls["get_delivery"] == 600
    recovery.later(minutes=5)
    report = await recovery.run()
    assert (report.found, report.recovered, report.missing) == ({}, 600, 5800)
    assert recovery.provider.calls["get_delivery"] == 1200


async def test_leaves_half_of_the_calls_to_others(recovery: Recovery) -> None:
    """Tokens are minted with them."""
    for _ in range(10):
        recovery.log()
    recovery.provider.state.calls_left = 0.49
    report = await recovery.run()
    assert (report.recovered, report.missing, report.stopped_by) == (0, 10, "calls_used_up")
    recovery.provider.state.calls_left = 0.51
    assert (await recovery.run()).is_complete
