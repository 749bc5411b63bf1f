"""An organization with projects, an integration and its catalog, at the whole REST edge."""

from typing import Any

import httpx

from core.domain.catalog.repository import Repository
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.organizations import Project
from core.domain.streams.domain_event import RecordedEvent
from testing.builders.entities import Fact, build_change, build_repository, time_ago
from tests.support.scenarios.edge import WholeEdge

WIDGETS, ARCHIVED, GONE, GADGETS, FOREIGN = "1", "2", "3", "4", "77"
RULES: dict[str, Any] = {
    "events": ["push", "pull_request"],
    "branches": [],
    "tags": [],
    "paths": None,
    "pull_requests": {"base_branches": [], "drafts": True, "forks": "deliver"},
    "bots": "deliver",
    "skip_markers": True,
}
"""The rules of a link by default."""

REPOSITORIES: dict[str, dict[str, Any]] = {
    WIDGETS: {"full_name": "acme/widgets", "default_branch": "trunk", "url": "https://p.example/acme/widgets"},
    ARCHIVED: {"full_name": "acme/attic", "archived": True},
    GONE: {"full_name": "acme/gone", "removed_at": time_ago(days=1)},
    GADGETS: {"full_name": "acme/gadgets"},
}


class ProjectsEdge(WholeEdge):
    """Acme has two projects and four repositories; Zenith has its own."""

    integration: Integration
    project: Project
    second: Project
    foreign: Project

    async def populate(self) -> None:
        """Make all that."""
        await super().populate()
        self.integration = await self.world.add_integration(self.organization)
        rows = [build_repository(self.integration, repo_id, **facts) for repo_id, facts in REPOSITORIES.items()]
        elsewhere = await self.world.add_integration(self.other, provider_id="2")
        await self.save(*rows, build_repository(elsewhere, FOREIGN, private=False))
        self.project = await self.world.add_project(self.organization, "Rocket")
        self.second = await self.world.add_project(self.organization, "Launchpad")
        self.foreign = await self.world.add_project(self.other, "Telescope")
        await self.world.add_link(self.foreign, elsewhere, repo_id=RepoId(FOREIGN))

    async def save(self, *rows: Repository) -> None:
        """Write catalog rows."""
        async with self.world.unit_of_work() as tx:
            await tx.catalog.save_repositories(rows)
            await tx.commit()

    async def set_integration(self, changed: Integration) -> None:
        """Let it be so from now on."""
        async with self.world.unit_of_work() as tx:
            known = await tx.integrations.find(changed.organization_id, changed.provider)
            await tx.integrations.apply([build_change(known, changed)])
            await tx.commit()

    def repository_of(self, project: Project) -> str:
        """Return the path of a project's repository."""
        return self.path(f"/projects/{project.external_id}/repository")

    async def list_domain_events(self) -> list[RecordedEvent]:
        """Return the published events."""
        async with self.world.unit_of_work() as tx:
            return list(await tx.domain_events.list_after(0, limit=1000))

    async def steps(self, item_type: str, item_id: str) -> list[tuple[str, str, Any]]:
        """Return the versions of an item: action, actor and changes."""
        async with self.world.unit_of_work() as tx:
            trail = await tx.versions.list_by_item(item_type, item_id)
        return [(version.event, version.actor, version.changes) for version in trail]


async def link(
    edge: ProjectsEdge, client: httpx.AsyncClient, project: Project, repo_id: str = WIDGETS, **more: Fact
) -> dict[str, Any]:
    """Link a project as a member and return the link."""
    path = edge.repository_of(project)
    answer = await client.post(path, json={"repo_id": repo_id, **more}, headers=edge.of("member"))
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body
