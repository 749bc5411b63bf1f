from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Composable

from adapters.postgres.connection import locks
from adapters.postgres.connection.errors import project_name_taken
from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.mapping import RowMapping
from adapters.postgres.rows.sql import render
from adapters.postgres.stores.audit import AuditedTable
from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId, ProjectId, RepoId
from core.domain.organizations import Project, ProjectPosition
from core.domain.overview import ProjectCounts, PushedProject
from ports.projects import ProjectStore

_PROJECTS = RowMapping(Project, "p")
_SELECT = SQL("SELECT {columns} FROM projects AS p").format(columns=_PROJECTS.columns)
_FIND = render("{select} WHERE p.organization_id = %s AND p.external_id = %s", select=_SELECT)
_FIND_MANY = render("{select} WHERE p.organization_id = %s AND p.external_id = ANY(%s::text[]::uuid[])", select=_SELECT)
# FOR UPDATE would also block every link that refers to the row. A deletion waits for either lock.
_GET_FOR_UPDATE = f"{_FIND} FOR NO KEY UPDATE"
_NEXT_ID = "SELECT nextval('projects_id_seq')"

# Ordered by code points: the order of a cursor must not depend on the database's locale.
_AFTER = SQL("""AND (p.name COLLATE "C", p.external_id) > (%(name)s, %(project_id)s)""")
_LINKED = {
    True: SQL("AND EXISTS (SELECT FROM project_repositories AS l WHERE l.project_id = p.id)"),
    False: SQL("AND NOT EXISTS (SELECT FROM project_repositories AS l WHERE l.project_id = p.id)"),
}
_LIST = SQL("""
    {select} WHERE p.organization_id = %(organization_id)s {conditions}
    ORDER BY p.name COLLATE "C", p.external_id LIMIT %(limit)s
""")

# A repository can have many projects, so the limit applies to each repository.
_LINKED_TO = render(
    """
    SELECT wanted.repo_id, p.*
    FROM unnest(%s::text[]) AS wanted (repo_id)
    CROSS JOIN LATERAL (
        {select} JOIN project_repositories AS l ON l.project_id = p.id
        WHERE p.organization_id = %s AND l.git_integration_id = %s AND l.repo_id = wanted.repo_id
        ORDER BY l.id LIMIT %s
    ) AS p
    """,
    select=_SELECT,
)

_LIST_BY_LAST_PUSH = render(
    """
    SELECT {columns}, l.repo_id, coalesce(r.full_name, l.repo_full_name), r.pushed_at
    FROM projects AS p
    JOIN project_repositories AS l ON l.project_id = p.id
    LEFT JOIN git_repositories AS r ON r.git_integration_id = l.git_integration_id AND r.repo_id = l.repo_id
    WHERE p.organization_id = %s
    ORDER BY r.pushed_at DESC NULLS LAST, l.id DESC LIMIT %s
    """,
    columns=_PROJECTS.columns,
)
# Status 2 is revoked.
_COUNT = """
    WITH accessible AS (
        SELECT r.git_integration_id, r.repo_id
        FROM git_integrations AS i
        JOIN git_repositories AS r ON r.git_integration_id = i.id
        WHERE i.organization_id = %(organization_id)s AND i.status <> 2 AND r.removed_at IS NULL
    ), link AS (
        SELECT l.project_id, a.repo_id IS NULL AS is_unreachable
        FROM projects AS p
        JOIN project_repositories AS l ON l.project_id = p.id
        LEFT JOIN accessible AS a ON a.git_integration_id = l.git_integration_id AND a.repo_id = l.repo_id
        WHERE p.organization_id = %(organization_id)s
    )
    SELECT
        (SELECT count(*) FROM projects WHERE organization_id = %(organization_id)s),
        (SELECT count(DISTINCT project_id) FROM link),
        (SELECT count(*) FROM accessible),
        (SELECT count(*) FROM link WHERE is_unreachable)
"""

# crewkit's table has no known constraint on names, so this service creates projects one at a time.
_LOCK_NAMES = "SELECT pg_advisory_xact_lock(%s, %s)"
_IS_TAKEN = "SELECT FROM projects WHERE organization_id = %s AND name = %s LIMIT 1"


_TABLE = AuditedTable("project", "projects", _PROJECTS)


class PostgresProjectStore(ProjectStore):
    """crewkit's table `projects`, the only table of crewkit that this service writes to."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Return a project of this organization."""
        rows = await self._session.read(_FIND, (organization_id, external_id))
        return _PROJECTS.to_optional(rows)

    async def find_many(self, organization_id: OrganizationId, external_ids: Collection[UUID]) -> Sequence[Project]:
        """Return those of these projects that belong to the organization."""
        wanted = Texts([str(external_id) for external_id in external_ids])
        return _PROJECTS.to_list(await self._session.read(_FIND_MANY, (organization_id, wanted)))

    async def get_for_update(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Like `find`, with a row lock; raises `StorageConflict` after waiting for another's lock for 5 seconds."""
        rows = await self._session.write(_GET_FOR_UPDATE, (organization_id, external_id))
        return _PROJECTS.to_optional(rows)

    async def list(
        self,
        organization_id: OrganizationId,
        *,
        limit: int,
        after: ProjectPosition | None = None,
        linked: bool | None = None,
    ) -> Sequence[Project]:
        """Return at most `limit` of the organization's projects by name, only those after a position."""
        conditions: list[Composable] = [] if linked is None else [_LINKED[linked]]
        parameters: dict[str, Any] = {"organization_id": organization_id, "limit": limit}
        if after is not None:
            conditions.append(_AFTER)
            parameters |= {"name": after.name, "project_id": after.project_id}
        statement = _LIST.format(select=_SELECT, conditions=SQL(" ").join(conditions)).as_string()
        return _PROJECTS.to_list(await self._session.read(statement, parameters))

    async def list_by_repositories(
        self, organization_id: OrganizationId, integration_id: IntegrationId, repo_ids: Collection[RepoId], *, most: int
    ) -> Mapping[RepoId, Sequence[Project]]:
        """Return the organization's projects linked to each repository, the oldest links first."""
        projects: dict[RepoId, list[Project]] = defaultdict(list)
        parameters = (Texts(list(repo_ids)), organization_id, integration_id, most)
        for repo_id, *project in await self._session.read(_LINKED_TO, parameters):
            projects[repo_id].append(_PROJECTS.to_domain(project))
        return projects

    async def list_by_last_push(self, organization_id: OrganizationId, *, limit: int) -> Sequence[PushedProject]:
        """Return at most `limit` linked projects, the most recently pushed repository first."""
        rows = await self._session.read(_LIST_BY_LAST_PUSH, (organization_id, limit))
        width = _PROJECTS.width
        return [PushedProject(_PROJECTS.to_domain(row[:width]), *row[width:]) for row in rows]

    async def count(self, organization_id: OrganizationId) -> ProjectCounts:
        """Count in one statement."""
        [row] = await self._session.read(_COUNT, {"organization_id": organization_id})
        return ProjectCounts(*row)

    async def next_id(self) -> ProjectId:
        """Reserve the id of a new project; gaps are normal."""
        [(project_id,)] = await self._session.read(_NEXT_ID)
        return ProjectId(project_id)

    async def add(self, project: Project, by: Actor) -> None:
        """Add a project with its audit version; raises `ProjectNameTaken`."""
        await self._session.write(_LOCK_NAMES, (locks.PROJECT_NAMES, _lock_of(project.organization_id)))
        if await self._session.read(_IS_TAKEN, (project.organization_id, project.name)):
            raise project_name_taken()
        await _TABLE.apply(self._session, [Change(None, project, by)])


def _lock_of(organization_id: OrganizationId) -> int:
    """Return the id in the four bytes of a lock. Two organizations with one number only wait for each other."""
    return organization_id % 2**31
