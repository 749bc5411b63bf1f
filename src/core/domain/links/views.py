"""What users see of a link: whether its repository is reachable, and the remedy if not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from core.domain.catalog.repository import Repository
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.integrations.views import Remedy, find_remedy
from core.domain.links.link import Link
from core.domain.organizations import Project


class Unreachable(Enum):
    """Why this service cannot access the repository of a link.

    `integration_revoked`, `integration_suspended`: the integration has ended or is suspended. `repository_removed`: the
    repository was deleted, or the app no longer has access to it.
    """

    INTEGRATION_REVOKED = "integration_revoked"
    INTEGRATION_SUSPENDED = "integration_suspended"
    REPOSITORY_REMOVED = "repository_removed"


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link; `reason` is None if it is reachable, else `remedy` is the next step.

    An archived repository is reachable, but nobody can push to it until it is unarchived. `manage_url` is where the
    viewer manages the installation at the provider. `successor` is another repository with the name of a deleted one,
    for example after it was created again: the link does not follow, a user decides.
    """

    link: Link
    reason: Unreachable | None = None
    remedy: Remedy | None = None
    manage_url: str | None = None
    archived: bool = False
    successor: Repository | None = None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project with its links, at most one per provider."""

    project: Project
    links: Sequence[LinkView] = ()


def build_link_view(
    link: Link,
    integration: Integration,
    repository: Repository | None,
    *,
    manage_url: str | None,
    successor: Repository | None = None,
) -> LinkView:
    """Return what users see. The first problem that prevents access is shown."""
    if integration.is_revoked:
        return LinkView(link, Unreachable.INTEGRATION_REVOKED, find_remedy(integration))
    if integration.status is IntegrationStatus.SUSPENDED:
        return LinkView(link, Unreachable.INTEGRATION_SUSPENDED, find_remedy(integration), manage_url)
    if is_gone(repository):
        return LinkView(link, Unreachable.REPOSITORY_REMOVED, Remedy.GRANT_ACCESS, manage_url, successor=successor)
    if repository and repository.archived:
        return LinkView(link, remedy=Remedy.UNARCHIVE, manage_url=repository.url, archived=True)
    return LinkView(link)


def is_gone(repository: Repository | None) -> bool:
    """Return whether an integration can no longer access a repository."""
    return repository is None or repository.removed_at is not None
