"""When a project may be linked to a repository, and the first state of the link."""

from datetime import datetime
from uuid import UUID

from core.domain.catalog.repository import Repository, RepositoryArchived, RepositoryNotFound
from core.domain.identifiers import LinkId, RepoId
from core.domain.integrations.integration import Integration, IntegrationNotFound, IntegrationStatus
from core.domain.links.link import Link, LinkChoices, ProjectAlreadyLinked, apply_choices
from core.domain.organizations import Project
from core.domain.tokens.lease import explain_inactive

# Of a repository that has no branch yet.
_BRANCH = "main"


def require_active(integration: Integration | None) -> Integration:
    """Return the integration; raises `IntegrationNotFound`, or `IntegrationNotActive` with the remedy."""
    if integration is None:
        raise IntegrationNotFound("This organization is not connected to the provider. Connect it first.")
    if integration.status is not IntegrationStatus.ACTIVE:
        raise explain_inactive(integration)
    return integration


def require_linkable(repository: Repository | None) -> Repository:
    """Return a row of the integration's own catalog if it can be linked.

    That the provider shows a repository proves nothing: it shows every public repository. Raises `RepositoryNotFound`
    or `RepositoryArchived`.
    """
    if repository is None or repository.removed_at is not None:
        raise RepositoryNotFound(
            "The integration has no access to this repository. Check the id, or give the app access to the repository."
        )
    if repository.archived:
        raise RepositoryArchived(
            f"{repository.full_name} is archived and therefore read-only. Unarchive it at the provider first."
        )
    return repository


def build_link(
    project: Project,
    integration: Integration,
    repository: Repository,
    choices: LinkChoices,
    *,
    link_id: LinkId,
    external_id: UUID,
    at: datetime,
) -> Link:
    """Return the link of a project to a repository, with these normalized choices."""
    by_default = Link(
        id=link_id,
        external_id=external_id,
        organization_id=project.organization_id,
        project_id=project.id,
        project_external_id=project.external_id,
        integration_id=integration.id,
        provider=integration.provider,
        repo_id=repository.repo_id,
        repo_full_name=repository.full_name,
        created_at=at,
        updated_at=at,
        repo_url=repository.url,
        default_branch=repository.default_branch or _BRANCH,
    )
    return apply_choices(by_default, choices)


def require_same_link(link: Link, repository_id: RepoId, choices: LinkChoices) -> Link:
    """Return the existing link if it equals the requested link, so that a repeated request succeeds.

    Raises `ProjectAlreadyLinked`.
    """
    if link.repo_id != repository_id:
        raise ProjectAlreadyLinked(
            f"This project is already linked to {link.repo_full_name}. Unlink it before you link another repository."
        )
    if apply_choices(link, choices) != link:
        raise ProjectAlreadyLinked(
            f"This project is already linked to {link.repo_full_name} with different settings. Update the link instead."
        )
    return link
