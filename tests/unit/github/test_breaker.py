"""The breaker opens when a host is down, and closes by itself."""

import asyncio

import pytest

from adapters.github.api.circuit_breaker import BreakerPolicy, CircuitBreaker
from adapters.github.api.failures import BreakerOpen, Unavailable
from core.domain.provider_errors import NotVisible
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


def record_success(breaker: CircuitBreaker) -> None:
    """Ask, and get an answer."""
    with breaker.guard():
        pass


def remaining_pause(breaker: CircuitBreaker) -> float:
    """Ask, not be let, and return for how long."""
    with pytest.raises(BreakerOpen) as refusal, breaker.guard():
        pytest.fail("it let the call through")
    assert refusal.value.retry_after is not None
    return refusal.value.retry_after


def test_opens_after_consecutive_failures(breaker: CircuitBreaker) -> None:
    """Then calls do not wait for a timeout."""
    for _ in range(3):
        assert not breaker.is_open
        fail(breaker)

    assert breaker.is_open
    assert remaining_pause(breaker) == 5


def test_response_resets_the_count(breaker: CircuitBreaker) -> None:
    """One request that always fails must not stop all others."""
    for _ in range(10):
        fail(breaker)
        fail(breaker)
        record_success(breaker)

    assert not breaker.is_open


def test_client_error_is_a_response(breaker: CircuitBreaker) -> None:
    """The host is up."""
    for _ in range(10):
        with pytest.raises(NotVisible), breaker.guard():
            raise NotVisible("no")

    assert not breaker.is_open


def test_closes_by_itself(breaker: CircuitBreaker, time: Time) -> None:
    """After a pause, one call probes the host, and its response allows all others."""
    for _ in range(3):
        fail(breaker)
    time.pass_by(5)

    record_success(breaker)

    assert not breaker.is_open
    record_success(breaker)


def test_sends_one_probe(breaker: CircuitBreaker, time: Time) -> None:
    """A host that recovers is not overloaded."""
    for _ in range(3):
        fail(breaker)
    time.pass_by(5)

    with breaker.guard():
        remaining_pause(breaker)


def test_pauses_grow_while_the_host_is_down(breaker: CircuitBreaker, time: Time) -> None:
    """Up to a limit, so that its return is noticed soon."""
    for _ in range(3):
        fail(breaker)
    rests = []
    for _ in range(5):
        rests.append(remaining_pause(breaker))
        time.pass_by(rests[-1])
        fail(breaker)

    assert rests == [5, 10, 20, 20, 20]


def test_next_outage_starts_with_a_short_pause(breaker: CircuitBreaker, time: Time) -> None:
    for _ in range(2):
        for _ in range(3):
            fail(breaker)
        assert remaining_pause(breaker) == 5
        time.pass_by(5)
        record_success(breaker)


def test_next_call_replaces_a_cancelled_probe(breaker: CircuitBreaker, time: Time) -> None:
    """Otherwise a cancelled caller would keep it open permanently."""
    for _ in range(3):
        fail(breaker)
    time.pass_by(5)
    with pytest.raises(asyncio.CancelledError), breaker.guard():
        raise asyncio.CancelledError

    record_success(breaker)

    assert not breaker.is_open


def test_late_failures_do_not_extend_the_pause(breaker: CircuitBreaker, time: Time) -> None:
    """Calls that were running when it opened fail, too."""
    late = breaker.guard()
    late.__enter__()
    for _ in range(3):
        fail(breaker)
    time.pass_by(4)
    assert not late.__exit__(Unavailable, Unavailable("late"), None)

    assert remaining_pause(breaker) == 1


def test_late_response_closes_it(breaker: CircuitBreaker) -> None:
    """A call that was running when it opened may get the first response."""
    with breaker.guard():
        for _ in range(3):
            fail(breaker)

    assert not breaker.is_open
