"""How far back the log is read, and when a run has done enough."""

from datetime import timedelta

from tests.support.scenarios.recovery import Recovery


async def test_the_log_is_read_to_the_mark_and_a_little_further(recovery: Recovery) -> None:
    """Ten minutes, since entries appear late; what was there before is not read again."""
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


async def test_a_single_late_entry_does_not_end_the_reading(recovery: Recovery) -> None:
    """A log is ordered by when deliveries were made, and one may have been sent long after."""
    recovery.log(ago=timedelta(minutes=20))
    await recovery.run()
    held_up = recovery.log(ago=timedelta(minutes=15))
    for _ in range(100):
        recovery.log(ago=timedelta(hours=5))
    await recovery.run()
    assert recovery.list_recovered()[1:] == [held_up]


async def test_a_look_that_is_asked_for_never_looks_less_far(recovery: Recovery) -> None:
    """Else what lies between would be skipped for ever."""
    old = recovery.log(ago=timedelta(days=2))
    await recovery.run(since=timedelta(minutes=5))
    assert recovery.list_recovered() == [old]


async def test_what_we_act_on_comes_first_and_a_run_has_an_end(recovery: Recovery) -> None:
    """Of 7,000, the 270 that matter are here after the first run, in order; the rest follows run by run."""
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


async def test_half_of_the_apps_calls_are_left_to_others(recovery: Recovery) -> None:
    """Tokens are minted with them, and customers wait for those."""
    for _ in range(10):
        recovery.log()
    recovery.provider.state.calls_left = 0.49
    report = await recovery.run()
    assert (report.recovered, report.missing, report.stopped_by) == (0, 10, "calls_used_up")
    recovery.provider.state.calls_left = 0.51
    assert (await recovery.run()).is_complete
