"""The breaker opens when a host is down, and closes by itself."""

import asyncio

import pytest

from adapters.github.api.circuit_breaker import BreakerPolicy, CircuitBreaker
from adapters.github.api.unavailable import BreakerOpen, Unavailable
from core.domain.provider import NotVisible
from tests.support.fakes.github import Time

POLICY = BreakerPolicy(failures=3, first_open_seconds=5, max_open_seconds=20)


@pytest.fixture
def time() -> Time:
    """Give time that stands still."""
    return Time()


@pytest.fixture
def breaker(time: Time) -> CircuitBreaker:
    """Give a closed breaker."""
    return CircuitBreaker("api.github.com", POLICY, monotonic=time.monotonic)


def fail(breaker: CircuitBreaker) -> None:
    """Ask, and get no answer."""
    with pytest.raises(Unavailable), breaker.guard():
        raise Unavailable("no answer")


def succeed(breaker: CircuitBreaker) -> None:
    """Ask, and get an answer."""
    with breaker.guard():
        pass


def refused(breaker: CircuitBreaker) -> float:
    """Ask, not be let, and return for how long."""
    with pytest.raises(BreakerOpen) as refusal, breaker.guard():
        pytest.fail("it let the call through")
    assert refusal.value.retry_after is not None
    return refusal.value.retry_after


def test_it_opens_after_failures_in_a_row(breaker: CircuitBreaker) -> None:
    """Then nobody waits for a timeout any more."""
    for _ in range(3):
        assert not breaker.is_open
        fail(breaker)

    assert breaker.is_open
    assert refused(breaker) == 5


def test_an_answer_in_between_begins_the_count_anew(breaker: CircuitBreaker) -> None:
    """One request that always fails must not stop all others."""
    for _ in range(10):
        fail(breaker)
        fail(breaker)
        succeed(breaker)

    assert not breaker.is_open


def test_a_refusal_is_an_answer(breaker: CircuitBreaker) -> None:
    """A host that says no is up."""
    for _ in range(10):
        with pytest.raises(NotVisible), breaker.guard():
            raise NotVisible("no")

    assert not breaker.is_open


def test_it_closes_by_itself(breaker: CircuitBreaker, time: Time) -> None:
    """After a rest one call finds out, and its answer lets all others through."""
    for _ in range(3):
        fail(breaker)
    time.pass_by(5)

    succeed(breaker)

    assert not breaker.is_open
    succeed(breaker)


def test_only_one_call_finds_out(breaker: CircuitBreaker, time: Time) -> None:
    """A host that is coming back is not run over."""
    for _ in range(3):
        fail(breaker)
    time.pass_by(5)

    with breaker.guard():
        refused(breaker)


def test_rests_grow_while_the_host_stays_down(breaker: CircuitBreaker, time: Time) -> None:
    """Up to a bound, so that its return is noticed soon."""
    for _ in range(3):
        fail(breaker)
    rests = []
    for _ in range(5):
        rests.append(refused(breaker))
        time.pass_by(rests[-1])
        fail(breaker)

    assert rests == [5, 10, 20, 20, 20]


def test_the_next_outage_begins_with_a_short_rest(breaker: CircuitBreaker, time: Time) -> None:
    """What was learned of one outage says nothing of another."""
    for _ in range(2):
        for _ in range(3):
            fail(breaker)
        assert refused(breaker) == 5
        time.pass_by(5)
        succeed(breaker)


def test_a_cancelled_probe_leaves_finding_out_to_the_next(breaker: CircuitBreaker, time: Time) -> None:
    """A caller that went away must not keep it open for ever."""
    for _ in range(3):
        fail(breaker)
    time.pass_by(5)
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError

    succeed(breaker)

    assert not breaker.is_open


def test_late_failures_of_earlier_calls_do_not_lengthen_the_rest(breaker: CircuitBreaker, time: Time) -> None:
    """Calls under way when it opened fail too, and were counted."""
    late = breaker.guard()
    late.__enter__()
    for _ in range(3):
        fail(breaker)
    time.pass_by(4)
    assert not late.__exit__(Unavailable, Unavailable("late"), None)

    assert refused(breaker) == 1


def test_a_late_answer_closes_it(breaker: CircuitBreaker) -> None:
    """A call under way when it opened may be the first to hear from the host again."""
    with breaker.guard():
        for _ in range(3):
            fail(breaker)

    assert not breaker.is_open
