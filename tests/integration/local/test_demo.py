"""The demo's data beside a GitHub App of one's own."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from adapters.github.protocol.webhooks import PROVIDER
from adapters.postgres.connection.database import Database
from adapters.postgres.queries.directory import PostgresDirectory
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from entrypoints.settings.settings import Settings
from local.demo import seed
from local.keys import development_environment


@pytest.mark.parametrize("connected", [True, False])
def test_only_the_sandbox_has_the_demo_installation(database_url: str, tmp_path: Path, *, connected: bool) -> None:
    """Users of a real App start by installing it."""
    given = {
        "CREWKIT_GIT_ENVIRONMENT": "development",
        "CREWKIT_GIT_HOME": str(tmp_path),
        "CREWKIT_GIT_DATABASE_URL": database_url,
    }
    settings = Settings.from_environment({**given, **development_environment(tmp_path, given)})
    facts = seed(settings, connected=connected)
    assert asyncio.run(_is_connected(database_url, UUID(facts.organization["id"]))) is connected
    assert len(facts.projects) > 0


async def _is_connected(database_url: str, organization_id: UUID) -> bool:
    database = Database(database_url, max_connections=1)
    try:
        organization = await PostgresDirectory(database).find_organization(organization_id)
        assert organization is not None
        async with PostgresUnitOfWork(database)() as tx:
            return await tx.integrations.find(organization.id, PROVIDER) is not None
    finally:
        await database.close()
