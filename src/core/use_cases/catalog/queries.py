from collections.abc import Collection, Mapping, Sequence

from core.domain.catalog.repository import Repository, RepositoryNotFound
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration, IntegrationNotFound
from core.domain.organizations import Organization, Project
from core.domain.tokens.lease import explain_inactive
from ports.unit_of_work import Transaction

# Enough to show that a repository is linked, and to what.
_MAX_PROJECTS = 3


async def get_connected(tx: Transaction, organization: Organization, provider: str) -> Integration:
    """Return the organization's integration; raises what `require_connected` raises."""
    return require_connected(await tx.integrations.find(organization.id, provider))


def require_connected(integration: Integration | None) -> Integration:
    """Return an active or suspended integration, whose catalog may be shown.

    Raises `IntegrationNotFound` without an integration, and `IntegrationNotActive` for a revoked one.
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
    """Return at most three linked projects per repository, the first linked first."""
    return await tx.projects.list_by_repositories(organization.id, integration_id, repo_ids, most=_MAX_PROJECTS)
