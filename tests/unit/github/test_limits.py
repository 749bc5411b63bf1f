"""How many ask at once, and who must not ask for a while."""

import asyncio
from datetime import timedelta

import pytest

from adapters.github.api.limits import ConcurrencyLimit
from adapters.github.api.rate_limits import Pauses
from core.domain.provider_errors import RateLimited
from tests.support.fakes.github import NOW, Time


async def test_limits_concurrent_calls_per_credential() -> None:
    """GitHub counts calls of one installation together and rejects many."""
    slots, running, most = ConcurrencyLimit(3), 0, 0

    async def call() -> None:
        nonlocal running, most
        async with slots.hold("a"):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(call() for _ in range(20)))

    assert most == 3


async def test_credentials_do_not_wait_for_each_other() -> None:
    """A large installation must not delay others."""
    slots = ConcurrencyLimit(1)
    async with slots.hold("a"), asyncio.timeout(1), slots.hold("b"):
        pass


async def test_failures_and_cancellation_release_the_slot() -> None:
    """Otherwise some bad minutes would stop an installation permanently."""
    slots = ConcurrencyLimit(1)
    for error in (RuntimeError, asyncio.CancelledError):
        with pytest.raises(error):
            async with slots.hold("a"):
                raise error

    async with asyncio.timeout(1), slots.hold("a"):
        pass


async def test_forgets_unused_credentials() -> None:
    """Tokens change every hour."""
    slots = ConcurrencyLimit(1)
    for number in range(100):
        async with slots.hold(str(number)):
            pass

    assert len(slots._slots) <= 1


@pytest.fixture
def time() -> Time:
    """Give time that stands still."""
    return Time()


@pytest.fixture
def pauses(time: Time) -> Pauses:
    """Give pauses that nobody is under."""
    return Pauses(time, monotonic=time.monotonic)


def test_pause_lasts_as_long_as_requested(pauses: Pauses, time: Time) -> None:
    """Calls during the pause might get the app banned."""
    error = pauses.start("a", 90)
    assert (error.until, error.retry_after) == (NOW + timedelta(seconds=90), 90)

    time.pass_by(60)
    with pytest.raises(RateLimited) as refusal:
        pauses.check("a")
    assert refusal.value.retry_after == 30
    assert refusal.value.until == NOW + timedelta(seconds=90)

    time.pass_by(30)
    pauses.check("a")


def test_other_credentials_are_not_paused(pauses: Pauses) -> None:
    """Each installation has its own limits."""
    pauses.start("a", 90)

    pauses.check("b")


def test_pauses_without_a_requested_time_grow_until_a_response(pauses: Pauses, time: Time) -> None:
    """GitHub's rule for a secondary limit without a time."""
    lengths = []
    for _ in range(3):
        lengths.append(pauses.start("a", None).retry_after)
        time.pass_by(lengths[-1] or 0)
    assert lengths == [60, 120, 240]

    pauses.reset("a")
    assert pauses.start("a", None).retry_after == 60


def test_concurrent_rejections_count_once(pauses: Pauses) -> None:
    """Four concurrent pages do not make the pause sixteen times as long."""
    lengths = [pauses.start("a", None).retry_after for _ in range(4)]

    assert lengths == [60, 60, 60, 60]


def test_shorter_request_does_not_shorten_a_pause(pauses: Pauses) -> None:
    """The longest requested pause counts."""
    pauses.start("a", 90)
    pauses.start("a", 5)

    with pytest.raises(RateLimited) as refusal:
        pauses.check("a")
    assert refusal.value.retry_after == 90


def test_number_of_stored_pauses_is_limited(pauses: Pauses, time: Time) -> None:
    """Ended pauses are deleted; active ones are few."""
    for number in range(10_000):
        pauses.start(str(number), 1)
        time.pass_by(1)

    assert len(pauses._until) <= 4_096
    assert len(pauses._refusals) <= 4_096
