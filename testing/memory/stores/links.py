from collections.abc import Collection, Sequence
from copy import deepcopy

from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, LinkId, ProjectId, RepoId
from core.domain.links.link import Link, ProjectAlreadyLinked
from ports.links import LinkStore
from testing.memory.database import Session, State
from testing.memory.stores import audited


class MemoryLinkStore(LinkStore):
    """Links in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, project_id: ProjectId, provider: str) -> Link | None:
        """Return the project's link with this provider."""
        for link in self._session.state.links.values():
            if (link.project_id, link.provider) == (project_id, provider):
                return deepcopy(link)
        return None

    async def list_by_projects(self, project_ids: Collection[ProjectId]) -> Sequence[Link]:
        """Return all links of these projects, oldest first."""
        return [link for link in self._oldest_first() if link.project_id in project_ids]

    async def list_by_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Link]:
        """Return all links to these repositories, oldest first."""
        return [link for link in self._oldest_first() if (link.integration_id, link.repo_id) in keys]

    async def list_by_integration(self, integration_id: IntegrationId) -> Sequence[Link]:
        """Return all links of one integration, oldest first."""
        return [link for link in self._oldest_first() if link.integration_id == integration_id]

    async def detach_events(self, link_id: LinkId, *, limit: int) -> int:  # noqa: ARG002 - the port's signature
        """Do nothing: events name no link here."""
        return 0

    async def next_id(self) -> LinkId:
        """Reserve the id of a link about to be made; gaps are normal."""
        return LinkId(next(self._session.database.ids))

    async def apply(self, changes: Sequence[Change[Link]]) -> None:
        """Write these steps with their audit versions; raises `StorageConflict` where a row is gone."""
        await audited.apply(self._session, "link", lambda state: state.links, changes, _refuse_second)

    def _oldest_first(self) -> list[Link]:
        links = self._session.state.links
        return [deepcopy(links[link_id]) for link_id in sorted(links)]


def _refuse_second(state: State, link: Link) -> None:
    for other in state.links.values():
        if other.id != link.id and (other.project_id, other.provider) == (link.project_id, link.provider):
            raise ProjectAlreadyLinked(
                "This project is already linked to a repository of this provider. Unlink it first."
            )
