"""A link and an event that change the same rows at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from adapters.system import SystemClock
from core.application import Links
from core.domain.actors import SystemActor
from core.domain.deliveries.source_key import choose_lane
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link, LinkChoices
from core.domain.organizations import Organization, Project
from core.domain.provider_events import ProviderEvent, RepositoryFacts
from core.use_cases.authorization import AccessControl
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration
from entrypoints.bootstrap.wiring import wire
from testing.builders.entities import INSTALLATION, PROVIDER
from testing.memory.metrics import MemoryMetrics
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.conditions import until
from tests.support.fakes.provider_events import NoWorkerNotifier, ScriptedWebhooks
from tests.support.scenarios.catalog import Catalog
from tests.support.scenarios.ports import AUTHORIZER, build_ports
from tests.support.scenarios.processing import WatchedUnitOfWork
from tests.support.scenarios.rest import KeptAlerts

ME = SystemActor("test")


REPO, OTHER = RepoId("1"), RepoId("2")


SHORT = RepositoryFacts(REPO, "acme/repository-1", private=True)


WAITS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclass
class Race:
    """A project and a repository, someone who links them, and others who come in between."""

    world: PostgresStoreStage
    organization: Organization
    project: Project
    integration: Integration
    decoder: ScriptedWebhooks = field(default_factory=ScriptedWebhooks)

    def __post_init__(self) -> None:
        self.linking = WatchedUnitOfWork(self.world.unit_of_work)
        self.others = WatchedUnitOfWork(self.world.unit_of_work)
        clock, providers = SystemClock(), Catalog(self.world).providers
        access_control = AccessControl(self.world.directory, AUTHORIZER, providers)
        ports = build_ports(unit_of_work=self.linking, directory=self.world.directory, providers=providers, clock=clock)
        self.use_cases: Links = wire(ports).links
        self.disconnecting = DisconnectIntegration(self.others, access_control, clock)
        self.draining = DrainLane(
            self.others, {PROVIDER: self.decoder}, NoWorkerNotifier(), clock, MemoryMetrics(), KeptAlerts()
        )

    async def link(self) -> None:
        """Link them."""
        await ask(self, "link", self.project.external_id)

    async def replace(self) -> None:
        """Link the other repository in place of the one there is."""
        await self.use_cases.create(ME, **self.repository_parameters(), repo_id=OTHER, replace=True)

    async def unlink(self, link: Link) -> None:
        """Unlink the link that is named."""
        await self.use_cases.delete(ME, **self.repository_parameters(), link_id=link.external_id)

    def repository_parameters(self) -> dict[str, Any]:
        """Return what names the project's repository."""
        return {
            "organization_id": self.organization.external_id,
            "project_id": self.project.external_id,
            "provider": PROVIDER,
        }

    async def disconnect(self) -> None:
        """Disconnect the organization."""
        await self.disconnecting(ME, organization_id=self.organization.external_id, provider=PROVIDER)

    async def delete_project(self) -> None:
        """Delete the project, as crewkit would."""
        async with self.others() as tx, self.world.database.session() as session:
            await session.change("DELETE FROM projects WHERE id = %s", (self.project.id,))
            await tx.commit()
            await session.commit()

    def webhook(self, provider_event: ProviderEvent) -> Callable[[], Awaitable[object]]:
        """Return the drain of a delivery with this provider event."""

        async def process() -> None:
            await self.draining(choose_lane(str(INSTALLATION)))

        self.decoder.provider_events[b"notice"] = provider_event
        return process

    async def one_amid_the_other(
        self,
        first: Callable[[], Awaitable[object]],
        unit_of_work: WatchedUnitOfWork,
        second: Callable[[], Awaitable[object]],
        *,
        commits: int = 1,
    ) -> BaseException | None:
        """Let the second begin when the first is about to commit for the last of so many times.

        Return the result of the second.
        """
        started: list[asyncio.Task[object]] = []
        left = iter(range(commits - 1))

        async def begin_second() -> None:
            if next(left, None) is None and not started:
                started.append(asyncio.ensure_future(second()))
                await until(lambda: self._waits_or_ended(started[0]))

        unit_of_work.before_commit = begin_second
        await first()
        [outcome] = await asyncio.gather(*started, return_exceptions=True)
        return outcome if isinstance(outcome, BaseException) else None

    async def _waits_or_ended(self, task: asyncio.Task[object]) -> bool:
        async with self.world.database.session() as session:
            [(waiting,)] = await session.read(WAITS)
        return bool(waiting) or task.done()

    async def links(self) -> list[Link]:
        """Return the links there are in the end."""
        async with self.world.unit_of_work() as tx:
            return list(await tx.links.list_by_integration(self.integration.id))

    async def facts(self) -> list[str]:
        """Return the published events in order."""
        async with self.world.unit_of_work() as tx:
            return [fact.type.value for fact in await tx.domain_events.list_after(0, limit=100)]


async def ask(race: Race, what: str, project_id: UUID) -> object:
    """Do something with the repository of a project."""
    links = race.use_cases
    statements: dict[str, Any] = {
        "organization_id": race.organization.external_id,
        "project_id": project_id,
        "provider": PROVIDER,
    }
    match what:
        case "show":
            return await links.show(ME, **statements)
        case "link":
            return await links.create(ME, **statements, repo_id=REPO)
        case "change":
            return await links.change(ME, **statements, choices=LinkChoices(webhooks_enabled=False))
        case _:
            await links.delete(ME, **statements)
            return None
