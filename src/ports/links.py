from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, LinkId, ProjectId, RepoId
from core.domain.links.link import Link


class LinkStore(Protocol):
    """Links between projects and repositories. Every change leaves an audit version."""

    async def find(self, project_id: ProjectId, provider: str) -> Link | None:
        """Return the project's link with this provider."""

    async def list_by_projects(self, project_ids: Collection[ProjectId]) -> Sequence[Link]:
        """Return all links of these projects, oldest first."""

    async def list_by_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Link]:
        """Return all links to these repositories, oldest first."""

    async def list_by_integration(self, integration_id: IntegrationId) -> Sequence[Link]:
        """Return all links of one integration, oldest first."""

    async def detach_events(self, link_id: LinkId, *, limit: int) -> int:
        """Let at most `limit` events of the ledger go that name this link; return how many did.

        Deleting a link lets go of those that are left, and takes the longer for each.
        """

    async def next_id(self) -> LinkId:
        """Reserve the id of a link about to be made; gaps are normal."""

    async def apply(self, changes: Sequence[Change[Link]]) -> None:
        """Write these steps in order, each with its audit version, and stamp `updated_at`.

        Raises `ProjectAlreadyLinked` where the project has a link with this provider.
        """
