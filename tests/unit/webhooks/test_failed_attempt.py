"""What a failed attempt leads to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.events.event import MAX_ATTEMPTS, EventResult, EventStatus, fail_attempt
from tests.support.builders.domain import EVENT, NOW


def test_retries_with_growing_delays_then_fails() -> None:
    """Ten seconds after the first failure, two minutes after the second; the third is final."""
    outcomes = [fail_attempt(replace(EVENT, attempts=made), "boom", "it broke", now=NOW) for made in range(3)]
    failed = EventResult(EVENT.id, EventStatus.FAILED, reason="it broke", attempts=3, error_code="boom")
    assert outcomes == [
        replace(failed, status=EventStatus.PENDING, attempts=1, next_attempt_at=NOW + timedelta(seconds=10)),
        replace(failed, status=EventStatus.PENDING, attempts=2, next_attempt_at=NOW + timedelta(minutes=2)),
        failed,
    ]
    assert MAX_ATTEMPTS == 3


@pytest.mark.parametrize("made", [0, 1, 2, 3, 9])
def test_permanent_error_fails_at_once(made: int) -> None:
    """For example an unreadable payload."""
    failed = fail_attempt(replace(EVENT, attempts=made), "boom", "unreadable", now=NOW, final=True)
    assert failed == EventResult(
        EVENT.id, EventStatus.FAILED, reason="unreadable", attempts=made + 1, error_code="boom"
    )


@pytest.mark.parametrize("made", [3, 4, 100])
def test_too_many_attempts_fail(made: int) -> None:
    """After a lower limit, such rows fail instead of breaking the drain."""
    assert fail_attempt(replace(EVENT, attempts=made), "boom", "x", now=NOW).status is EventStatus.FAILED


def test_failure_has_no_verdicts_and_no_integration() -> None:
    failed = fail_attempt(EVENT, "boom", "x", now=NOW)
    assert (failed.verdicts, failed.integration_id, failed.link_id, failed.project_ids) == ((), None, None, ())
