"""Every suite, on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.exclusion import PostgresExclusion
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from testing.contracts.delivery_log import DeliveryLogContract
from testing.contracts.exclusion import ExclusionContract
from testing.contracts.suites import STORE_CONTRACTS, generate_tests
from testing.memory.metrics import MemoryMetrics
from tests.contract.postgres_world import PostgresWorld


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresWorld]:
    """Give a migrated database."""
    world = PostgresWorld(database_url)
    yield world
    await world.database.close()


@pytest.fixture
async def log(world: PostgresWorld) -> AsyncIterator[PostgresDeliveryLog]:
    """Give a log that appends to it."""
    log = PostgresDeliveryLog(world.url, metrics=MemoryMetrics())
    yield log
    await log.close()


@pytest.fixture
def exclusion(world: PostgresWorld) -> PostgresExclusion:
    """Give what holds names there."""
    return PostgresExclusion(world.database)


@pytest.fixture
async def other(world: PostgresWorld) -> AsyncIterator[PostgresExclusion]:
    """Give another, of another process."""
    database = Database(world.url)
    yield PostgresExclusion(database)
    await database.close()


globals().update(generate_tests([*STORE_CONTRACTS, DeliveryLogContract, ExclusionContract]))
