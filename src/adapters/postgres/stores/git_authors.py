from collections.abc import Sequence

from psycopg.sql import SQL

from adapters.postgres.connection.locks import ASSIGNMENTS
from adapters.postgres.connection.session import Session
from adapters.postgres.queries import git_authors as author_pages
from adapters.postgres.rows.mapping import Column, RowMapping
from adapters.postgres.rows.sql import render
from adapters.postgres.stores.audit import AuditedTable
from core.domain.attribution.git_authors import AssignmentId, AuthorAssignment, AuthorCommits, AuthorFilter, GitAuthor
from core.domain.audit import Change
from core.domain.identifiers import OrganizationId
from ports.git_authors import GitAuthorStore

_LOCK = "SELECT pg_advisory_xact_lock(%s, hashint8(%s))"
_ASSIGNMENTS = RowMapping(AuthorAssignment, "s", {"assignee": Column(expression=SQL("u.external_id"))})
_FIND = render(
    """
    SELECT {columns} FROM git_author_assignments AS s
    LEFT JOIN users AS u ON u.id = s.user_id
    WHERE s.organization_id = %s AND s.address = %s
    """,
    columns=_ASSIGNMENTS.columns,
)
_NEXT_ID = "SELECT nextval('git_author_assignments_id_seq')"
_LIST_COMMITS = """
    SELECT a.git_integration_id, a.repo_id, count(DISTINCT a.sha)
    FROM git_integrations AS i
    JOIN git_commit_attributions AS a
        ON a.git_integration_id = i.id AND a.kind IN ('user', 'none', 'bot') AND a.address = %s
    WHERE i.organization_id = %s
    GROUP BY a.git_integration_id, a.repo_id
    ORDER BY a.git_integration_id, a.repo_id
"""


_TABLE = AuditedTable("author_assignment", "git_author_assignments", _ASSIGNMENTS)


class PostgresGitAuthorStore(GitAuthorStore):
    """The table `git_author_assignments`, and the groups of `git_commit_attributions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(
        self, organization_id: OrganizationId, where: AuthorFilter, *, limit: int, before: int | None = None
    ) -> Sequence[GitAuthor]:
        """Return at most `limit` authors, the last recorded first."""
        return await author_pages.list_page(self._session, organization_id, where, limit=limit, before=before)

    async def list_commits(self, organization_id: OrganizationId, address: str) -> Sequence[AuthorCommits]:
        """Return the numbers of commits with an address, by repository."""
        return [AuthorCommits(*row) for row in await self._session.read(_LIST_COMMITS, (address, organization_id))]

    async def find_assignment(self, organization_id: OrganizationId, address: str) -> AuthorAssignment | None:
        """Return the assignment of an address, while no other transaction changes those of the organization."""
        await self._session.write(_LOCK, (ASSIGNMENTS, organization_id))
        return _ASSIGNMENTS.to_optional(await self._session.read(_FIND, (organization_id, address)))

    async def next_assignment_id(self) -> AssignmentId:
        """Return a new id."""
        [(row_id,)] = await self._session.write(_NEXT_ID)
        return AssignmentId(row_id)

    async def apply(self, changes: Sequence[Change[AuthorAssignment]]) -> None:
        """Write these changes with an audit version of each."""
        await _TABLE.apply(self._session, changes)
