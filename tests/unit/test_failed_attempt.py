"""What a failed attempt leads to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.events.event import MAX_ATTEMPTS, EventResult, EventStatus, fail_attempt
from tests.support.builders.domain import EVENT, NOW


def test_three_attempts_with_growing_delays_then_failed() -> None:
    """The first failure waits ten seconds, the second two minutes, the third ends it."""
    outcomes = [fail_attempt(replace(EVENT, attempts=made), "it broke", now=NOW) for made in range(3)]
    assert outcomes == [
        EventResult(
            EVENT.id, EventStatus.PENDING, reason="it broke", attempts=1, next_attempt_at=NOW + timedelta(seconds=10)
        ),
        EventResult(
            EVENT.id, EventStatus.PENDING, reason="it broke", attempts=2, next_attempt_at=NOW + timedelta(minutes=2)
        ),
        EventResult(EVENT.id, EventStatus.FAILED, reason="it broke", attempts=3),
    ]
    assert MAX_ATTEMPTS == 3


@pytest.mark.parametrize("made", [0, 1, 2, 3, 9])
def test_what_can_never_succeed_fails_at_once(made: int) -> None:
    """A payload that cannot be read is not read better later."""
    failed = fail_attempt(replace(EVENT, attempts=made), "unreadable", now=NOW, final=True)
    assert failed == EventResult(EVENT.id, EventStatus.FAILED, reason="unreadable", attempts=made + 1)


@pytest.mark.parametrize("made", [3, 4, 100])
def test_more_attempts_than_allowed_are_failed_too(made: int) -> None:
    """Should the limit ever be lowered, rows beyond it end instead of breaking the drain."""
    assert fail_attempt(replace(EVENT, attempts=made), "x", now=NOW).status is EventStatus.FAILED


def test_a_failure_has_no_verdicts_and_no_owner() -> None:
    """Nothing was decided, so nothing is claimed."""
    failed = fail_attempt(EVENT, "x", now=NOW)
    assert (failed.verdicts, failed.integration_id, failed.link_id, failed.project_ids) == ((), None, None, ())
