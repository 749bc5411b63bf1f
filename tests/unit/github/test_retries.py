"""Tries are bounded in number and in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.retries import Backoff, RetryPolicy
from tests.support.fakes.github import Time

POLICY = RetryPolicy(attempts=4, seconds=10, first_delay_seconds=1, max_delay_seconds=2)


def backoff(time: Time, draw: float = 1.0, policy: RetryPolicy = POLICY) -> Backoff:
    """Give the waits of one call."""
    return Backoff(policy, monotonic=time.monotonic, draw=lambda: draw)


def test_waits_grow_to_a_bound_and_end() -> None:
    """Four tries have three waits."""
    waits = backoff(Time())

    assert [waits.next_delay() for _ in range(5)] == [1, 2, 2, None, None]


def test_waits_are_random_so_that_callers_do_not_come_in_step() -> None:
    """At least half of the wait is always waited."""
    assert backoff(Time(), draw=0.0).next_delay() == 0.5
    assert backoff(Time(), draw=0.5).next_delay() == 0.75


def test_what_github_asks_for_is_waited_at_least() -> None:
    """And a little more, since everybody was asked for the same."""
    assert backoff(Time()).next_delay(asked=3) == 4


def test_a_wait_beyond_the_time_gives_up_at_once() -> None:
    """Who would have to wait an hour is told so now."""
    assert backoff(Time()).next_delay(asked=9.5) is None


def test_slow_tries_use_up_the_time() -> None:
    """Three tries of 9 seconds each would be more than anyone waits for."""
    time = Time()
    waits = backoff(time)
    time.pass_by(9.5)

    assert waits.next_delay() is None


@given(
    attempts=st.integers(1, 10),
    seconds=st.floats(0, 100),
    asked=st.lists(st.none() | st.floats(0, 50), max_size=12),
    draws=st.floats(0, 1),
    tries=st.floats(0, 20),
)
def test_no_try_begins_late_or_too_often(
    attempts: int, seconds: float, asked: list[float | None], draws: float, tries: float
) -> None:
    """Whatever is asked for and however long tries take."""
    time, policy = Time(), RetryPolicy(attempts, seconds, 0.5, 4)
    waits, made = backoff(time, draws, policy), 1
    for wish in asked:
        time.pass_by(tries)
        wait = waits.next_delay(wish)
        if wait is None:
            break
        assert wait >= (wish or 0)
        time.pass_by(wait)
        assert time.monotonic() <= seconds + 1e-6
        made += 1

    assert made <= attempts


def test_one_attempt_means_no_second() -> None:
    """The bound counts tries, not waits."""
    assert backoff(Time(), policy=RetryPolicy(attempts=1)).next_delay() is None


@pytest.mark.parametrize("policy", [RetryPolicy()])
def test_by_default_a_person_waits_a_few_seconds_at_most(policy: RetryPolicy) -> None:
    """Pages are waiting for these calls."""
    assert policy.attempts == 3
    assert policy.seconds <= 15
