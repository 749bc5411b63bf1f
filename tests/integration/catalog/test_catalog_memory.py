"""A catalog of ten thousand repositories is read by the scheduler's own process, in little memory."""

from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest

from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from local.embedded.process import Process
from testing.builders.entities import INSTALLATION, PROVIDER, time_ago
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.builders.github_pages import PER_PAGE, large_listing
from tests.support.checks.process_memory import peak_mib, resident_mib
from tests.support.conditions import until
from tests.support.fakes.github import ScriptedGitHub, reply, run_scripted_github
from tests.support.servers.service import github_app, run_service

_PAGES = 100
_ABSOLUTE_MIB = 105
_GROWTH_MIB = 20


@pytest.fixture
async def github() -> AsyncIterator[ScriptedGitHub]:
    """Run a GitHub with an installation of ten thousand repositories."""
    async with run_scripted_github() as github:
        minted = {"token": "ghs_x", "expires_at": time_ago(hours=-1).isoformat(), "permissions": {}}
        github.answers(f"POST /api/v3/app/installations/{INSTALLATION}/access_tokens", reply(minted, 201))
        github.answers("GET /api/v3/installation/repositories", partial(large_listing, pages=_PAGES))
        yield github


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give a migrated database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


async def test_sync_of_ten_thousand_repositories_takes_little_memory(
    github: ScriptedGitHub, world: PostgresStoreStage, redis_url: str, record_property: Callable[[str, object], None]
) -> None:
    """100 pages of 600 KB, a few at a time."""
    with run_service(
        world.url, redis_url, "scheduler", settings=github_app(github.url), process_type=Process
    ) as service:
        pid = service.pid("scheduler")
        idle = resident_mib(pid)
        integration = await world.add_integration()
        await until(partial(_is_synced, world, integration), seconds=90)
        peak = peak_mib(pid)

    record_property("idle_mib", idle)
    record_property("peak_mib", peak)
    async with world.unit_of_work() as tx:
        assert len(await tx.catalog.load_repositories(integration.id)) == _PAGES * PER_PAGE
        [row] = await tx.catalog.find_repositories([(integration.id, RepoId("186010000"))])
    assert row.full_name.endswith("-10000")
    assert peak < _ABSOLUTE_MIB, f"{idle:.0f} MiB before, {peak:.0f} MiB at most"
    assert peak - idle < _GROWTH_MIB, f"{idle:.0f} MiB before, {peak:.0f} MiB at most"


async def _is_synced(world: PostgresStoreStage, integration: Integration) -> bool:
    async with world.unit_of_work() as tx:
        known = await tx.integrations.find(integration.organization_id, PROVIDER)
    return known is not None and known.synced_at is not None
