"""What people are told of a link: whether the repository can be reached through it, and what helps if not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from core.domain.catalog.repository import Repository
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.integrations.views import Remedy, find_remedy
from core.domain.links.link import Link
from core.domain.organizations import Project


class Unreachable(Enum):
    """Why this service cannot access the repository of a link."""

    INTEGRATION_REVOKED = "integration_revoked"
    INTEGRATION_SUSPENDED = "integration_suspended"
    REPOSITORY_REMOVED = "repository_removed"


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link; `reason` is None where it is reachable, else `remedy` is the one thing that helps.

    An archived repository is reachable, but nothing is pushed to it until it is unarchived. `manage_url` is
    where the viewer manages the installation at the provider. `successor` is another repository that has the
    name of one that is gone, as after it was deleted and created again: the link does not follow, people
    decide.
    """

    link: Link
    reason: Unreachable | None = None
    remedy: Remedy | None = None
    manage_url: str | None = None
    archived: bool = False
    successor: Repository | None = None


@dataclass(frozen=True, slots=True)
class ProjectView:
    """A project with its links: one per provider at most."""

    project: Project
    links: Sequence[LinkView] = ()

    def link_of(self, provider: str) -> LinkView | None:
        """Return its link with this provider."""
        return next((view for view in self.links if view.link.provider == provider), None)


def build_link_view(
    link: Link,
    integration: Integration,
    repository: Repository | None,
    *,
    manage_url: str | None,
    successor: Repository | None = None,
) -> LinkView:
    """Return what people are told, by what stands in the way first: without access nothing else matters."""
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
    """Return whether an integration does not see a repository any more."""
    return repository is None or repository.removed_at is not None
