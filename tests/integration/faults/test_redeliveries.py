"""Two API processes that receive the same deliveries at full speed keep each once, and never lock each other."""

import asyncio
from datetime import UTC, datetime
from random import Random

from adapters.memory.metrics import MemoryMetrics
from adapters.postgres.database import Database
from adapters.postgres.delivery_log import PostgresDeliveryLog
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.deliveries import Receipt, VerifiedDelivery
from core.domain.identifiers import EventId
from tests.support.deliveries import Delivery, post_all, pushes
from tests.support.ledger import opened
from tests.support.service import Service, running_service
from tests.support.workshop import a_push

# Few enough that the groups of both processes hold the same ones, in another order.
WAVES = 15
WAVE = 64
COUNT = WAVES * WAVE
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


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
        assert ledger.value(DEADLOCKS) == 0


async def test_full_groups_of_the_same_ids_never_lock_each_other(database_url: str) -> None:
    """Each process inserts in one order whatever came first: here it came in opposite orders."""
    with opened(database_url) as ledger:
        for _ in range(10):
            wave = [a_push(lane=0) for _ in range(128)]
            async with asyncio.TaskGroup() as group:
                for order in (wave, wave[::-1]):
                    group.create_task(append_all(database_url, order))
        assert len(ledger.delivery_ids()) == 1280
        assert ledger.value(DEADLOCKS) == 0


async def test_a_retry_of_many_and_their_redelivery_never_lock_each_other(database_url: str) -> None:
    """People retry what failed while the provider sends it again: both take the rows in one order."""
    failed = [a_push(lane=0) for _ in range(128)]
    await append_all(database_url, failed)
    database = Database(database_url)
    with opened(database_url) as ledger:
        ids = [EventId(found) for (found,) in ledger.rows("SELECT id FROM git_webhook_events ORDER BY id")]
        for _ in range(10):
            ledger.rows("UPDATE git_webhook_events SET status = 'failed' RETURNING id")
            async with asyncio.TaskGroup() as group:
                group.create_task(append_all(database_url, failed))
                group.create_task(reopen(database, ids))
            assert ledger.statuses() == {"pending": len(failed)}
        await database.close()
        assert ledger.value(DEADLOCKS) == 0


async def reopen(database: Database, ids: list[EventId]) -> None:
    """Make these due again, in several transactions, as people do."""
    for _ in range(5):
        async with PostgresUnitOfWork(database)() as tx:
            await tx.events.reopen(ids, now=datetime.now(UTC))
            await tx.commit()


async def append_all(database_url: str, deliveries: list[VerifiedDelivery]) -> None:
    """Append all at once, as one process does."""
    log = PostgresDeliveryLog(database_url, metrics=MemoryMetrics())
    receipts = await asyncio.gather(*(log.append(delivery) for delivery in deliveries))
    await log.close()
    assert all(isinstance(receipt, Receipt) for receipt in receipts)
