"""Two API processes that receive the same deliveries at full speed keep each once, and never lock each other."""

import asyncio
from random import Random

from tests.support.deliveries import Delivery, post_all, pushes
from tests.support.ledger import opened
from tests.support.service import Service, running_service

# Few enough that the groups of both processes hold the same ones, in another order.
WAVES = 15
WAVE = 64
COUNT = WAVES * WAVE


async def post_in_waves(services: list[Service], deliveries: list[Delivery], random: Random) -> int:
    """Post all of them to each service, in another order each; return how many were taken, not known."""
    taken = 0
    for start in range(0, len(deliveries), WAVE):
        wave = deliveries[start : start + WAVE]
        answers = await asyncio.gather(
            *(
                post_all(service.address, random.sample(wave, WAVE), connections=WAVE // 2)
                for service in services
            )
        )
        statuses = [status for answered in answers for status in answered.values()]
        assert set(statuses) <= {200, 202}
        taken += statuses.count(202)
    return taken


async def test_overlapping_redeliveries_are_kept_once_without_a_deadlock(
    database_url: str, redis_url: str
) -> None:
    """New ones and failed ones alike: one of all senders is told 202, the others 200."""
    random = Random(20)
    deliveries = pushes(COUNT)
    with opened(database_url) as ledger:
        with (
            running_service(database_url, redis_url, "api") as first,
            running_service(database_url, redis_url, "api") as second,
        ):
            services = [first, second, first, second]
            assert await post_in_waves(services, deliveries, random) == COUNT
            assert sorted(ledger.delivery_ids()) == sorted(delivery.id for delivery in deliveries)

            # A redelivery of what had failed is a wish to try again.
            ledger.rows("UPDATE git_webhook_events SET status = 'failed', attempts = 3 RETURNING id")
            assert await post_in_waves(services, deliveries, random) == COUNT
            assert ledger.statuses() == {"pending": COUNT}
            for service in (first, second):
                assert service.logged("api", "group_commit_failed") == []
        # Their connections have ended by now, and with that told what they met.
        assert ledger.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
