"""No wake-up is ever lost: what was received is processed, however rings, drains and deaths interleave."""

import asyncio
from random import Random

import pytest

from tests.support.conditions import until
from tests.support.workshop import Workshop, a_push, workshop

LANES = (0, 5, 11, 23)
ROUNDS = 250


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_rings_alone_wake_someone_for_everything(urls: tuple[str, str], seed: int) -> None:
    """With no sweep to help: a drainer who is refused may rely on the one who holds the lane."""
    random = Random(seed)
    async with workshop(*urls, random, workers=6) as shop:
        await asyncio.gather(*(play(shop, lane, random) for lane in LANES))


async def play(shop: Workshop, lane: int, random: Random) -> None:
    """Deliver a few at odd moments, wait until they are processed, and again."""

    async def deliver() -> None:
        await asyncio.sleep(random.choice((0, 0.001, 0.003, 0.005)))
        await shop.receive(a_push(lane))

    for _ in range(ROUNDS):
        await asyncio.gather(*(deliver() for _ in range(random.randrange(1, 5))))
        await until(lambda: shop.is_idle([lane]), seconds=3)
