"""The suites of token stores, on tables in this process and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from testing.contracts.stores.installation_token_store import InstallationTokenStoreContract
from testing.contracts.stores.user_token_store import UserTokenStoreContract
from testing.contracts.world import World
from testing.memory.world import MemoryWorld
from tests.contract.postgres_world import PostgresWorld


@pytest.fixture(params=["memory", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Give empty tables."""
    if request.param == "memory":
        yield MemoryWorld()
        return
    world = PostgresWorld(request.getfixturevalue("database_url"))
    yield world
    await world.database.close()


class TestInstallationTokens(InstallationTokenStoreContract):
    """Tokens of integrations."""


class TestUserTokens(UserTokenStoreContract):
    """Tokens of connections."""
