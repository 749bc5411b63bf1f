"""Two API processes that receive the same deliveries at full speed keep each once, and never lock each other."""

import asyncio
from random import Random

from tests.support.deliveries import Answers, Delivery, post_all, pushes
from tests.support.ledger import opened
from tests.support.service import Service, running_service

COUNT = 800
CONNECTIONS = 24


async def post_shuffled(services: list[Service], deliveries: list[Delivery], random: Random) -> list[Answers]:
    """Post all of them to each service, in another order each time."""
    orders = [random.sample(deliveries, len(deliveries)) for _ in services]
    posts = (
        post_all(service.address, order, connections=CONNECTIONS)
        for service, order in zip(services, orders, strict=True)
    )
    return await asyncio.gather(*posts)


def count_taken(answers: list[Answers]) -> int:
    """Count the 202s; all others say that the delivery is known."""
    statuses = [status for answered in answers for status in answered.values()]
    assert set(statuses) <= {200, 202}
    return statuses.count(202)


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
            assert count_taken(await post_shuffled(services, deliveries, random)) == COUNT
            assert sorted(ledger.delivery_ids()) == sorted(delivery.id for delivery in deliveries)

            # A redelivery of what had failed is a wish to try again.
            ledger.rows("UPDATE git_webhook_events SET status = 'failed', attempts = 3 RETURNING id")
            assert count_taken(await post_shuffled(services, deliveries, random)) == COUNT
            assert ledger.statuses() == {"pending": COUNT}
            for service in (first, second):
                assert service.logged("api", "group_commit_failed") == []
        # Their connections have ended by now, and with that told what they met.
        assert ledger.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
