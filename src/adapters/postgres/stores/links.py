from collections.abc import Collection, Sequence

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.mapping import Column, RowMapping
from adapters.postgres.rows.sql import render
from adapters.postgres.stores.audit import AuditedTable
from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, LinkId, ProjectId, RepoId
from core.domain.links.link import Link
from ports.links import LinkStore

_LINKS = RowMapping(
    Link,
    "l",
    {
        "organization_id": Column(expression=SQL("p.organization_id")),
        "project_external_id": Column(expression=SQL("p.external_id")),
        "integration_id": Column("git_integration_id"),
    },
)
_SELECT = SQL("SELECT {columns} FROM project_repositories AS l JOIN projects AS p ON p.id = l.project_id").format(
    columns=_LINKS.columns
)
_FIND = render("{select} WHERE l.project_id = %s AND l.provider = %s", select=_SELECT)
_OF_PROJECTS = render("{select} WHERE l.project_id = ANY(%s::bigint[]) ORDER BY l.id", select=_SELECT)
_OF_REPOSITORIES = render(
    """
    {select}
    JOIN unnest(%s::bigint[], %s::text[]) AS wanted (git_integration_id, repo_id)
        ON l.git_integration_id = wanted.git_integration_id AND l.repo_id = wanted.repo_id
    ORDER BY l.id
    """,
    select=_SELECT,
)
_OF_INTEGRATION = render("{select} WHERE l.git_integration_id = %s ORDER BY l.id", select=_SELECT)
# Skips locked events; the deletion of the link waits for them.
_DETACH_EVENTS = """
    UPDATE git_webhook_events SET project_repository_id = NULL
    WHERE id IN (
        SELECT id FROM git_webhook_events WHERE project_repository_id = %s
        LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
    )
"""
_NEXT_ID = "SELECT nextval('project_repositories_id_seq')"


_TABLE = AuditedTable("link", "project_repositories", _LINKS)


class PostgresLinkStore(LinkStore):
    """The table `project_repositories`; a link's organization is its project's."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, project_id: ProjectId, provider: str) -> Link | None:
        """Return the project's link with this provider."""
        rows = await self._session.read(_FIND, (project_id, provider))
        return _LINKS.to_optional(rows)

    async def list_by_projects(self, project_ids: Collection[ProjectId]) -> Sequence[Link]:
        """Return all links of these projects, oldest first."""
        return _LINKS.to_list(await self._session.read(_OF_PROJECTS, (Bigints(list(project_ids)),)))

    async def list_by_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Link]:
        """Return all links to these repositories, oldest first."""
        wanted = set(keys)
        parameters = (Bigints([key[0] for key in wanted]), Texts([key[1] for key in wanted]))
        return _LINKS.to_list(await self._session.read(_OF_REPOSITORIES, parameters))

    async def list_by_integration(self, integration_id: IntegrationId) -> Sequence[Link]:
        """Return all links of one integration, oldest first."""
        return _LINKS.to_list(await self._session.read(_OF_INTEGRATION, (integration_id,)))

    async def detach_events(self, link_id: LinkId, *, limit: int) -> int:
        """Remove the link from at most `limit` of its webhook events; return from how many."""
        return await self._session.change(_DETACH_EVENTS, (link_id, limit))

    async def next_id(self) -> LinkId:
        """Reserve the id of a new link; gaps are normal."""
        [(link_id,)] = await self._session.read(_NEXT_ID)
        return LinkId(link_id)

    async def apply(self, changes: Sequence[Change[Link]]) -> None:
        """Write these steps with their audit versions; raises `StorageConflict` if a row was deleted."""
        await _TABLE.apply(self._session, changes)
