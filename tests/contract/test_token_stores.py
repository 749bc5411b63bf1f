"""The suites of token stores, on tables in this process and on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.installation_token_store import InstallationTokenStoreContract
from tests.contract.memory_world import MemoryWorld
from tests.contract.postgres_world import PostgresWorld
from tests.contract.user_token_store import UserTokenStoreContract
from tests.contract.world import World


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
