from collections.abc import Collection, Mapping, Sequence

from core.domain.catalog.repository import Repository, RepositoryNotFound
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration, IntegrationNotFound
from core.domain.organizations import Organization, Project
from core.domain.tokens.lease import explain_inactive
from ports.unit_of_work import Transaction

# Enough to see that there are some, and which.
_MOST_PROJECTS = 3


async def get_connected(tx: Transaction, organization: Organization, provider: str) -> Integration:
    """Return the organization's integration, whose catalog may be shown; raises as `require_connected` does."""
    return require_connected(await tx.integrations.find(organization.id, provider))


def require_connected(integration: Integration | None) -> Integration:
    """Return an integration whose catalog may be shown.

    A suspended one's may: nobody withdrew what it shows. Raises `IntegrationNotFound` where there is none,
    and `IntegrationNotActive` for a revoked one.
    """
    if integration is None:
        raise IntegrationNotFound("This organization is not connected to the provider. Connect it first.")
    if integration.is_revoked:
        raise explain_inactive(integration)
    return integration


async def get_repository(tx: Transaction, integration: Integration, repo_id: RepoId) -> Repository:
    """Return a repository in this integration's catalog; raises `RepositoryNotFound`."""
    rows = await tx.catalog.find_repositories([(integration.id, repo_id)])
    if not rows or rows[0].removed_at is not None:
        raise RepositoryNotFound(
            "The integration has no access to this repository. Check the id, or give the app access to the repository."
        )
    return rows[0]


async def find_linked_projects(
    tx: Transaction, organization: Organization, integration_id: IntegrationId, repo_ids: Collection[RepoId]
) -> Mapping[RepoId, Sequence[Project]]:
    """Return the projects linked to each of these repositories, those linked first, three at most."""
    return await tx.projects.list_by_repositories(organization.id, integration_id, repo_ids, most=_MOST_PROJECTS)
