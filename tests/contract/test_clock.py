"""What every `Clock` promises."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.system import SystemClock
from ports.system import Clock
from testing.memory.clock import SettableClock


@pytest.mark.parametrize("clock", [SystemClock(), SettableClock()], ids=["system", "memory"])
def test_time_is_in_utc(clock: Clock) -> None:
    """A time without a zone, or in another zone, would be compared wrongly."""
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("clock", [SystemClock(), SettableClock()], ids=["system", "memory"])
def test_time_does_not_run_backwards(clock: Clock) -> None:
    """Delays are measured with it."""
    assert clock.now() <= clock.now()


def test_settable_clock_can_be_moved() -> None:
    clock = SettableClock()
    clock.set(datetime(2026, 11, 23, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    clock.advance(timedelta(minutes=1))

    assert clock.now() == datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
