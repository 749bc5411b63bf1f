"""API processes that receive the same deliveries at full speed keep each once and never lock each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import psycopg
import pytest
from psycopg import sql

from adapters.postgres.connection.database import Database
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.deliveries.delivery import Receipt, VerifiedDelivery
from core.domain.identifiers import EventId
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.deliveries import Delivery, post_all, pushes
from tests.support.conditions import until
from tests.support.scenarios.event_store import open_events
from tests.support.servers.in_process_worker import INSTALLATION_OF_LANE, a_push
from tests.support.servers.service import Service, run_service

# Few enough that the groups of both processes hold the same ones, in another order.
WAVES = 6
WAVE = 64
COUNT = WAVES * WAVE
BOTH_WAIT = """
    SELECT count(*) = 2 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def post_in_waves(services: list[Service], deliveries: list[Delivery], random: Random) -> int:
    """Post all of them to each service, in another order each; return how many were taken, not known."""
    taken = 0
    for start in range(0, len(deliveries), WAVE):
        wave = deliveries[start : start + WAVE]
        answers = await asyncio.gather(
            *(post_all(service.address, random.sample(wave, WAVE), connections=WAVE // 2) for service in services)
        )
        statuses = [status for answered in answers for status in answered.values()]
        assert set(statuses) <= {200, 202}
        taken += statuses.count(202)
    return taken


async def test_stores_overlapping_redeliveries_once_without_a_deadlock(database_url: str, redis_url: str) -> None:
    """New and failed ones: one sender gets 202, the others 200."""
    random = Random(20)
    deliveries = pushes(COUNT)
    with open_events(database_url) as event_store:
        with (
            run_service(database_url, redis_url, "api") as first,
            run_service(database_url, redis_url, "api") as second,
        ):
            services = [first, second, first, second]
            assert await post_in_waves(services, deliveries, random) == COUNT
            assert sorted(event_store.delivery_ids()) == sorted(delivery.id for delivery in deliveries)

            # A redelivery of a failed event requests a retry.
            event_store.rows("UPDATE git_webhook_events SET status = 'failed', attempts = 3 RETURNING id")
            assert await post_in_waves(services, deliveries, random) == COUNT
            assert event_store.statuses() == {"pending": COUNT}
            for service in (first, second):
                assert service.log_lines("api", "group_commit_failed") == []
        # Their connections have ended by now, so their statistics are complete.
        assert event_store.value(DEADLOCKS) == 0


async def test_groups_of_equal_ids_do_not_deadlock(database_url: str) -> None:
    """Each process inserts in the same order, although the ids arrive in opposite orders."""
    with open_events(database_url) as event_store:
        for _ in range(10):
            wave = [a_push(lane=0) for _ in range(128)]
            async with asyncio.TaskGroup() as group:
                for order in (wave, wave[::-1]):
                    group.create_task(append_all(database_url, order))
        assert len(event_store.delivery_ids()) == 1280
        assert event_store.value(DEADLOCKS) == 0


@pytest.mark.parametrize("status", ["failed", "unrouted"])
async def test_requeueing_the_same_events_does_not_deadlock(database_url: str, status: str) -> None:
    """Retries, redeliveries and routing lock rows in one order."""
    deliveries = [replace(a_push(lane=0), delivery_id=f"delivery-{99 - number}") for number in range(20)]
    await append_all(database_url, deliveries)
    with open_events(database_url) as event_store, psycopg.connect(database_url) as holder:
        event_store.connect_installation(INSTALLATION_OF_LANE[0])
        ids = [
            found for (found,) in event_store.rows("UPDATE git_webhook_events SET status = %s RETURNING id", [status])
        ]
        holder.execute("SELECT FROM git_webhook_events WHERE delivery_id = 'delivery-90' FOR UPDATE")

        async def both_wait() -> bool:
            return bool(event_store.value(BOTH_WAIT))

        async with asyncio.TaskGroup() as group:
            others = append_all(database_url, deliveries) if status == "failed" else route_all(database_url)
            group.create_task(others)
            group.create_task(reopen_all(database_url, ids))
            await until(both_wait)
            holder.rollback()
        assert event_store.statuses() == {"pending": len(deliveries)}
        assert event_store.value(DEADLOCKS) == 0


async def reopen_all(database_url: str, ids: list[EventId]) -> None:
    """Make these due again, as people do."""
    async with close_at_end(Database(database_url)) as database, PostgresUnitOfWork(database)() as tx:
        await tx.events.reopen(ids, now=datetime.now(UTC))
        await tx.commit()


async def route_all(database_url: str) -> None:
    """Make the events due that waited for their installation, as the scheduler does."""
    async with close_at_end(Database(database_url)) as database, PostgresUnitOfWork(database)() as tx:
        await tx.event_queue.reopen_unrouted(now=datetime.now(UTC))
        await tx.commit()


@asynccontextmanager
async def close_at_end(database: Database) -> AsyncIterator[Database]:
    """Close it at the end."""
    try:
        yield database
    finally:
        await database.close()


async def append_all(database_url: str, deliveries: list[VerifiedDelivery]) -> None:
    """Append all at once, as one process does."""
    log = PostgresDeliveryLog(database_url, metrics=MemoryMetrics())
    receipts = await asyncio.gather(*(log.append(delivery) for delivery in deliveries))
    await log.close()
    assert all(isinstance(receipt, Receipt) for receipt in receipts)


async def test_redelivery_to_a_database_without_an_encoding_is_a_duplicate(database_url: str) -> None:
    """A server that was created in the C locale sends SQL_ASCII, which psycopg returns as bytes."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET client_encoding TO 'SQL_ASCII'").format(name))
    first, second = a_push(lane=0), a_push(lane=0)
    log = PostgresDeliveryLog(database_url, metrics=MemoryMetrics())
    try:
        assert await log.append(first) is Receipt.ACCEPTED
        receipts = await asyncio.gather(log.append(first), log.append(second))
    finally:
        await log.close()
    assert list(receipts) == [Receipt.DUPLICATE, Receipt.ACCEPTED]
