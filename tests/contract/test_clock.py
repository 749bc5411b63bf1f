"""What every `Clock` promises."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.system.clock import SystemClock
from ports.clock import Clock
from testing.memory.clock import SettableClock


@pytest.mark.parametrize("clock", [SystemClock(), SettableClock()], ids=["system", "memory"])
def test_the_time_is_aware_and_in_utc(clock: Clock) -> None:
    """A time without a zone, or in another, would be compared wrongly or not at all."""
    assert clock.now().tzinfo is UTC


@pytest.mark.parametrize("clock", [SystemClock(), SettableClock()], ids=["system", "memory"])
def test_time_does_not_run_backwards_between_two_looks(clock: Clock) -> None:
    """Delays are measured with it."""
    assert clock.now() <= clock.now()


def test_the_settable_clock_goes_where_it_is_told() -> None:
    """Tests wait for nothing."""
    clock = SettableClock()
    clock.set(datetime(2026, 11, 23, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    clock.advance(timedelta(minutes=1))

    assert clock.now() == datetime(2026, 11, 23, 12, 1, tzinfo=UTC)
