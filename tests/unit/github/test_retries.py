"""Tries are bounded in number and in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.limits import Backoff, RetryPolicy
from tests.support.fakes.github import Time

POLICY = RetryPolicy(attempts=4, seconds=10, first_delay_seconds=1, max_delay_seconds=2)


def backoff(time: Time, draw: float = 1.0, policy: RetryPolicy = POLICY) -> Backoff:
    """Give the waits of one call."""
    return Backoff(policy, monotonic=time.monotonic, draw=lambda: draw)


def test_waits_grow_to_a_limit_and_end() -> None:
    """Four attempts have three waits."""
    waits = backoff(Time())

    assert [waits.next_delay() for _ in range(5)] == [1, 2, 2, None, None]


def test_waits_are_random() -> None:
    """At least half of the wait is kept."""
    assert backoff(Time(), draw=0.0).next_delay() == 0.5
    assert backoff(Time(), draw=0.5).next_delay() == 0.75


def test_waits_at_least_as_long_as_requested() -> None:
    """And slightly longer, since all callers got the same time."""
    assert backoff(Time()).next_delay(requested_wait=3) == 4


def test_gives_up_at_once_if_the_wait_is_too_long() -> None:
    """A caller who would wait an hour gets the error now."""
    assert backoff(Time()).next_delay(requested_wait=9.5) is None


def test_slow_attempts_use_up_the_time() -> None:
    """Three attempts of 9 seconds each would be too long."""
    time = Time()
    waits = backoff(time)
    time.pass_by(9.5)

    assert waits.next_delay() is None


@given(
    attempts=st.integers(1, 10),
    seconds=st.floats(0, 100),
    requested_waits=st.lists(st.none() | st.floats(0, 50), max_size=12),
    draws=st.floats(0, 1),
    tries=st.floats(0, 20),
)
def test_attempts_are_limited_in_number_and_time(
    attempts: int, seconds: float, requested_waits: list[float | None], draws: float, tries: float
) -> None:
    """For any requested wait and duration of attempts."""
    time, policy = Time(), RetryPolicy(attempts, seconds, 0.5, 4)
    waits, made = backoff(time, draws, policy), 1
    for requested_wait in requested_waits:
        time.pass_by(tries)
        wait = waits.next_delay(requested_wait)
        if wait is None:
            break
        assert wait >= (requested_wait or 0)
        time.pass_by(wait)
        assert time.monotonic() <= seconds + 1e-6
        made += 1

    assert made <= attempts


def test_one_attempt_means_no_retry() -> None:
    """The limit counts attempts, not waits."""
    assert backoff(Time(), policy=RetryPolicy(attempts=1)).next_delay() is None


@pytest.mark.parametrize("policy", [RetryPolicy()])
def test_default_total_time_is_a_few_seconds(policy: RetryPolicy) -> None:
    """Pages wait for these calls."""
    assert policy.attempts == 3
    assert policy.seconds <= 15
