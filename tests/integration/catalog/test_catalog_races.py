"""A sync and webhooks write one catalog at the same time, on PostgreSQL; nothing newer is lost to it."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.system import SystemClock
from core.domain.catalog.repository import RepositoryPage
from core.domain.deliveries.source_key import choose_lane
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.provider_events import (
    ProviderEvent,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryFacts,
    RepositoryStep,
)
from core.domain.tokens.installation_tokens import InstallationAccess
from core.use_cases.catalog.sync_catalog import SyncOutcome
from core.use_cases.deliveries.drain_lane import DrainLane
from testing.builders.entities import INSTALLATION, PROVIDER, build_delivery, build_repository, now
from testing.memory.metrics import MemoryMetrics
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.fakes.provider_events import NoWorkerNotifier, ScriptedWebhooks
from tests.support.scenarios.catalog import Catalog, facts
from tests.support.scenarios.rest import KeptAlerts

_LANE = choose_lane(str(INSTALLATION))


class Race:
    """An account whose people change what the app may see while a sync reads it."""

    def __init__(self, world: PostgresStoreStage, seed: int) -> None:
        self.random = random.Random(seed)
        self.catalog = Catalog(world, page_size=2)
        self.decoder = ScriptedWebhooks()
        self.truth: dict[RepoId, RepositoryFacts] = {}
        self.drained: asyncio.Queue[None] = asyncio.Queue()
        self.is_over = False
        self._at = now()
        worker_notifier, metrics, alerts = NoWorkerNotifier(), MemoryMetrics(), KeptAlerts()
        self.drain = DrainLane(
            world.unit_of_work, {PROVIDER: self.decoder}, worker_notifier, SystemClock(), metrics, alerts
        )

    async def begin(self) -> Integration:
        """Connect an installation of twelve repositories, of which we know some, and some others."""
        self.truth = {RepoId(str(n)): facts(str(n), updated_at=self._tick()) for n in range(12)}
        integration = await self.catalog.connect(*self.truth.values())
        known = [build_repository(integration, str(n)) for n in range(0, 16, 2)]
        gone = [build_repository(integration, str(n), removed_at=self._tick()) for n in (13, 15)]
        await self.catalog.save(*known, *gone)
        self.catalog.provider.list_repository_pages = self.pages  # type: ignore[method-assign]
        return integration

    async def pages(
        self,
        access: InstallationAccess,  # noqa: ARG002 - the port's
    ) -> AsyncGenerator[RepositoryPage, None]:
        """List what there was at the beginning, a page for every few events that were processed."""
        listed = list(self.truth.values())
        self.random.shuffle(listed)
        people = asyncio.create_task(self.people())
        for start in range(0, len(listed), 2):
            if not self.is_over:
                await self.drained.get()
            yield RepositoryPage(len(listed), tuple(listed[start : start + 2]))
        await people

    async def people(self) -> None:
        """Change things and have their events processed, in batches of any size."""
        for _ in range(self.random.randint(8, 14)):
            for _ in range(self.random.randint(1, 3)):
                await self._change()
            await self.drain(_LANE)
            self.drained.put_nowait(None)
        self.is_over = True
        self.drained.put_nowait(None)

    async def _change(self) -> None:
        repo_id = RepoId(str(self.random.randrange(16)))
        known = self.truth.get(repo_id)
        if known is None:
            self.truth[repo_id] = added = facts(repo_id, updated_at=self._tick())
            short = RepositoryFacts(repo_id, added.full_name, private=True)
            await self._send(RepositoriesChanged(None, added=(short,)))
        elif self.random.random() < 0.5:
            del self.truth[repo_id]
            short = RepositoryFacts(repo_id, known.full_name, private=True)
            await self._send(RepositoriesChanged(None, removed=(short,)))
        else:
            at = self._tick()
            name = f"acme/renamed-{at.timestamp()}"
            self.truth[repo_id] = renamed = replace(known, full_name=name, updated_at=at)
            await self._send(RepositoryChanged(RepositoryStep.RENAMED, renamed))

    async def _send(self, provider_event: ProviderEvent) -> None:
        body = str(len(self.decoder.provider_events)).encode()
        self.decoder.provider_events[body] = provider_event
        await self.catalog.world.add_delivery(build_delivery(body=body, event_type="repository"), now())

    def _tick(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give a migrated database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


@pytest.mark.parametrize("seed", range(15))
async def test_sync_keeps_changes_of_events(world: PostgresStoreStage, seed: int) -> None:
    """The listing is as old as its start; in the end the catalog matches the last event."""
    race = Race(world, seed)
    integration = await race.begin()
    report = await race.catalog.sync(integration)
    assert report.outcome is SyncOutcome.DONE
    async with world.unit_of_work() as tx:
        assert await tx.event_queue.list_due_lanes(now=now()) == []
    rows = await race.catalog.rows(integration)
    visible = {repo_id: row.full_name for repo_id, row in rows.items() if row.removed_at is None}
    assert visible == {repo_id: one.full_name for repo_id, one in race.truth.items()}
    # Events arrived between pages and requested another sync, so changes could have been lost.
    assert len(race.decoder.provider_events) > 8
    assert (await race.catalog.read(integration)).sync_requested_at is not None


async def test_late_write_of_an_early_transaction_counts_as_late(world: PostgresStoreStage) -> None:
    """An event's transaction may start before the sync and write after it."""
    catalog = Catalog(world)
    integration = await catalog.connect(facts("1"))
    await catalog.save(build_repository(integration, "1"))
    async with world.unit_of_work() as event:
        assert await event.event_queue.try_lock((_LANE + 1) % 32)

        async def write(call: str) -> None:
            if call == "list_repository_pages":
                await event.catalog.save_repositories([build_repository(integration, "1", removed_at=now())])
                await event.commit()

        catalog.provider.before = write
        assert (await catalog.sync(integration)).outcome is SyncOutcome.DONE
    assert (await catalog.rows(integration))["1"].removed_at is not None
