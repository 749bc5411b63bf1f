from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, LinkId, ProjectId, RepoId
from core.domain.links.link import Link


class LinkStore(Protocol):
    """Links between projects and repositories. Every change writes an audit version."""

    async def find(self, project_id: ProjectId, provider: str) -> Link | None:
        """Return the project's link with this provider."""

    async def list_by_projects(self, project_ids: Collection[ProjectId]) -> Sequence[Link]:
        """Return all links of these projects, oldest first."""

    async def list_by_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Link]:
        """Return all links to these repositories, oldest first."""

    async def list_by_integration(self, integration_id: IntegrationId) -> Sequence[Link]:
        """Return all links of one integration, oldest first."""

    async def detach_events(self, link_id: LinkId, *, limit: int) -> int:
        """Remove the link from at most `limit` webhook events that refer to it, and return their number.

        Deleting a link detaches the remaining events, and takes longer with each.
        """

    async def next_id(self) -> LinkId:
        """Reserve the id of a new link; gaps are normal."""

    async def apply(self, changes: Sequence[Change[Link]]) -> None:
        """Write these changes in order, each with its audit version, and set `updated_at`.

        Raises `ProjectAlreadyLinked` if the project has a link with this provider.
        """
