from collections.abc import Mapping, Sequence
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.repository import Repository
from core.domain.catalog.search import searchable
from core.domain.identifiers import LinkId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link, LinkReplaced, ProjectNotLinked
from core.domain.links.views import LinkView, build_link_view, is_gone
from core.domain.organizations import Organization, Project, ProjectNotFound
from core.use_cases.integrations.manage_pages import find_manage_url
from ports.provider import GitProvider
from ports.unit_of_work import Transaction


async def get_project(tx: Transaction, organization: Organization, project_id: UUID) -> Project:
    """Return a project of this organization; raises `ProjectNotFound`, also for other organizations."""
    return _require_project(await tx.projects.find(organization.id, project_id))


async def get_project_for_update(
    tx: Transaction, organization: Organization, project_id: UUID, provider: str
) -> tuple[Project, Integration | None]:
    """Lock and return a project of this organization and its integration, so that nobody changes their links.

    The integration is locked first, as in syncs and drains: a common order prevents deadlocks. Raises
    `ProjectNotFound`.
    """
    integration = await tx.integrations.get_for_update(organization.id, provider)
    return _require_project(await tx.projects.get_for_update(organization.id, project_id)), integration


async def get_link(tx: Transaction, project: Project, provider: str, link_id: UUID | None = None) -> Link:
    """Return a project's link; raises `ProjectNotLinked`, or `LinkReplaced` if it has another id."""
    link = await tx.links.find(project.id, provider)
    if link is None:
        raise ProjectNotLinked("This project is not linked to a repository. Link one first.")
    if link_id not in (None, link.external_id):
        raise LinkReplaced("The repository of this project was changed in the meantime. Load the link again.")
    return link


async def load_link_views(
    tx: Transaction,
    actor: Actor,
    organization: Organization,
    links: Sequence[Link],
    providers: Mapping[str, GitProvider],
) -> list[LinkView]:
    """Return the views of these links of one organization."""
    if not links:
        return []
    integrations = {
        integration.id: integration for integration in await tx.integrations.list_by_organization(organization.id)
    }
    rows = await tx.catalog.find_repositories({(link.integration_id, link.repo_id) for link in links})
    repositories = {(row.integration_id, row.repo_id): row for row in rows}
    unavailable = [link for link in links if is_gone(repositories.get((link.integration_id, link.repo_id)))]
    successors = await _find_successors(tx, unavailable)
    manage_urls = {
        integration.id: await find_manage_url(tx, actor, providers[integration.provider], integration)
        for integration in integrations.values()
        if integration.provider in providers
    }
    views = []
    for link in links:
        integration = integrations[link.integration_id]
        repository = repositories.get((link.integration_id, link.repo_id))
        views.append(
            build_link_view(
                link,
                integration,
                repository,
                manage_url=manage_urls.get(integration.id),
                successor=successors.get(link.id),
            )
        )
    return views


async def _find_successors(tx: Transaction, links: Sequence[Link]) -> Mapping[LinkId, Repository]:
    """Return other repositories that now have the names of these links, ignoring case."""
    if not links:
        return {}
    rows = await tx.catalog.find_repositories_by_name([(link.integration_id, link.repo_full_name) for link in links])
    by_name = {(row.integration_id, searchable(row.full_name)): row for row in rows}
    successors = {link.id: by_name.get((link.integration_id, searchable(link.repo_full_name))) for link in links}
    return {link_id: row for link_id, row in successors.items() if row is not None}


def _require_project(project: Project | None) -> Project:
    if project is None:
        raise ProjectNotFound("This organization has no project with this id. Check the project id.")
    return project
