"""Every suite, on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.locks import PostgresExclusion
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from testing.contracts.delivery_log import DeliveryLogContract
from testing.contracts.exclusion import ExclusionContract
from testing.contracts.suites import STORE_CONTRACTS, generate_tests
from testing.memory.metrics import MemoryMetrics
from tests.contract.postgres_store_stage import PostgresStoreStage


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give a migrated database."""
    stage = PostgresStoreStage(database_url)
    yield stage
    await stage.database.close()


@pytest.fixture
async def log(stage: PostgresStoreStage) -> AsyncIterator[PostgresDeliveryLog]:
    """Give a log that appends to it."""
    log = PostgresDeliveryLog(stage.url, metrics=MemoryMetrics())
    yield log
    await log.close()


@pytest.fixture
def exclusion(stage: PostgresStoreStage) -> PostgresExclusion:
    """Give what holds names there."""
    return PostgresExclusion(stage.database)


@pytest.fixture
async def other(stage: PostgresStoreStage) -> AsyncIterator[PostgresExclusion]:
    """Give another, of another process."""
    database = Database(stage.url)
    yield PostgresExclusion(database)
    await database.close()


globals().update(generate_tests([*STORE_CONTRACTS, DeliveryLogContract, ExclusionContract]))
