"""Lists of attributions, read from the indexes by kind.

Attributions do not store that a user left the organization: each query checks the membership. For readers the
attributions of former members are unmatched.
"""

from collections.abc import Collection, Sequence
from functools import cache

from psycopg.sql import SQL, Composable

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Row, Session
from adapters.postgres.queries.directory import KNOWN_ROLES
from adapters.postgres.rows.sql import render
from core.domain.attribution.attribution import (
    AttributionFilter,
    AttributionStatus,
    AttributionView,
    Kind,
    Method,
    NamedUser,
    Role,
)
from core.domain.identifiers import OrganizationId, RepoId

_COLUMNS = SQL("""
    a.id, i.provider, a.repo_id, r.full_name, a.sha, a.role, a.name, a.address, a.username,
    coalesce(s.kind, a.kind), CASE WHEN s.id IS NULL THEN a.method ELSE 'assigned' END,
    u.external_id, u.name, a.committed_at, a.created_at
""")
_NAMES = SQL("""
    LEFT JOIN git_repositories AS r ON r.git_integration_id = a.git_integration_id AND r.repo_id = a.repo_id
    LEFT JOIN git_author_assignments AS s
        ON s.organization_id = i.organization_id AND s.address = a.address AND a.address <> ''
    LEFT JOIN memberships AS m
        ON m.user_id = CASE WHEN s.id IS NULL THEN a.user_id ELSE s.user_id END
        AND m.organization_id = i.organization_id AND m.role = ANY(%(roles)s::text[])
    LEFT JOIN users AS u ON u.id = m.user_id
""")
_PAGE = SQL("""
    SELECT {columns}
    FROM (SELECT * FROM ({sources}) AS source ORDER BY id DESC LIMIT %(limit)s) AS a
    JOIN git_integrations AS i ON i.id = a.git_integration_id
    {names}
    ORDER BY a.id DESC
""")
_OF_COMMITS = render(
    """
    SELECT {columns}
    FROM git_integrations AS i
    JOIN git_commit_attributions AS a ON a.git_integration_id = i.id
    {names}
    WHERE i.organization_id = %(organization)s AND i.provider = %(provider)s AND a.repo_id = %(repo_id)s
        AND a.sha = ANY(%(shas)s::text[])
    ORDER BY a.id
""",
    columns=_COLUMNS,
    names=_NAMES,
)
_SOURCE = SQL("""
    SELECT found.*
    FROM git_integrations AS i
    {project}
    CROSS JOIN unnest({keys}) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT * FROM git_commit_attributions AS a
        WHERE a.git_integration_id = i.id AND {condition} AND a.id + 0 < %(before)s
        ORDER BY a.id + 0 DESC
        LIMIT %(limit)s
    ) AS found
    WHERE i.organization_id = %(organization)s
""")
_PROJECT = SQL("""
    JOIN project_repositories AS l ON l.git_integration_id = i.id
    JOIN projects AS p
        ON p.id = l.project_id AND p.organization_id = i.organization_id AND p.external_id = %(project)s
""")
_OF_KIND = SQL("a.kind = wanted.key")
_MEMBER = SQL("""
    EXISTS (
        SELECT FROM memberships AS m
        WHERE m.user_id = a.user_id AND m.organization_id = i.organization_id
            AND m.role = ANY(%(roles)s::text[])
    )
""")
_OF_USER = SQL("a.user_id = wanted.key")
_OF_PROJECT = SQL("a.repo_id = l.repo_id")
_NOT_ASSIGNED = SQL("a.address <> ALL(%(assigned)s::text[])")
_OF_ASSIGNED = SQL("""
    a.id IN (
        SELECT b.id FROM git_commit_attributions AS b
        WHERE b.git_integration_id = i.id AND b.kind IN ('user', 'none', 'bot') AND b.address = wanted.key
            {repository} AND b.id < %(before)s
        ORDER BY b.id + 0 DESC
        LIMIT %(limit)s
    )
""")
LIST_ASSIGNED = """
    SELECT s.address, s.kind, m.user_id IS NOT NULL
    FROM git_author_assignments AS s
    LEFT JOIN memberships AS m
        ON m.user_id = s.user_id AND m.organization_id = s.organization_id AND m.role = ANY(%(roles)s::text[])
    WHERE s.organization_id = %(organization)s
"""

# Skips from user to user along the index, so the cost depends on the number of users, not of commits.
LIST_FORMER_MEMBERS = """
    SELECT attributed.user_id
    FROM git_integrations AS i
    CROSS JOIN LATERAL (
        WITH RECURSIVE one AS (
            SELECT min(user_id) AS user_id FROM git_commit_attributions WHERE git_integration_id = i.id
            UNION ALL
            SELECT (
                SELECT min(a.user_id) FROM git_commit_attributions AS a
                WHERE a.git_integration_id = i.id AND a.user_id > one.user_id
            )
            FROM one WHERE one.user_id IS NOT NULL
        )
        SELECT user_id FROM one WHERE user_id IS NOT NULL
    ) AS attributed
    WHERE i.organization_id = %(organization)s AND NOT EXISTS (
        SELECT FROM memberships AS m
        WHERE m.user_id = attributed.user_id AND m.organization_id = i.organization_id
            AND m.role = ANY(%(roles)s::text[])
    )
"""

_KINDS = {
    AttributionStatus.MATCHED: [Kind.USER],
    AttributionStatus.UNMATCHED: [Kind.NONE],
    AttributionStatus.BOT: [Kind.BOT],
    AttributionStatus.IGNORED: [],
    None: [Kind.USER, Kind.NONE, Kind.BOT],
}
_STATUS = {
    Kind.USER: AttributionStatus.MATCHED,
    Kind.NONE: AttributionStatus.UNMATCHED,
    Kind.BOT: AttributionStatus.BOT,
    Kind.IGNORED: AttributionStatus.IGNORED,
}
_BEYOND = 2**63 - 1


async def list_page(
    session: Session, organization_id: OrganizationId, where: AttributionFilter, *, limit: int, before: int | None
) -> Sequence[AttributionView]:
    """Return at most `limit` attributions of an organization, the latest first, those below `before` only."""
    parameters: dict[str, object] = {
        "organization": organization_id,
        "project": where.project_id,
        "kinds": Texts([kind.value for kind in _KINDS[where.status]]),
        "roles": KNOWN_ROLES,
        "before": _BEYOND if before is None else before,
        "limit": limit,
    }
    assigned: dict[str, AttributionStatus] = {}
    if where.status is not None:
        for address, kind, is_member in await session.read(LIST_ASSIGNED, parameters):
            status = _STATUS[Kind(kind)]
            is_former = status is AttributionStatus.MATCHED and not is_member
            assigned[address] = AttributionStatus.UNMATCHED if is_former else status
        parameters["assigned"] = Texts(list(assigned))
        parameters["added"] = Texts([address for address, status in assigned.items() if status is where.status])
    former_members: list[int] = []
    if where.status is AttributionStatus.UNMATCHED:
        former_members = [user_id for (user_id,) in await session.read(LIST_FORMER_MEMBERS, parameters)]
        parameters["left"] = Bigints(former_members)
    statement = render_page(
        where.status, bool(former_members), where.project_id is not None, has_assignments=bool(assigned)
    )
    rows = await session.read(statement, parameters)
    return [_to_view(row) for row in rows]


async def list_by_commits(
    session: Session, organization_id: OrganizationId, provider: str, repo_id: RepoId, shas: Collection[str]
) -> Sequence[AttributionView]:
    """Return the people of these commits of a repository, in the order in which they were stored."""
    parameters = {
        "roles": KNOWN_ROLES,
        "organization": organization_id,
        "provider": provider,
        "repo_id": repo_id,
        "shas": Texts(list(shas)),
    }
    return [_to_view(row) for row in await session.read(_OF_COMMITS, parameters)]


@cache
def render_page(
    status: AttributionStatus | None, has_former_members: bool, of_project: bool, *, has_assignments: bool = False
) -> str:
    """Return the statement for a page.

    With former members, it includes their attributions. With assignments, their addresses are a separate source: they
    have the status of the assignment.
    """
    base = [_NOT_ASSIGNED] if has_assignments else []
    conditions = [_OF_KIND] if status is not AttributionStatus.MATCHED else [_OF_KIND, _MEMBER]
    sources = [_source(SQL("%(kinds)s::text[]"), [*conditions, *base], of_project=of_project)]
    if has_former_members:
        sources.append(_source(SQL("%(left)s::bigint[]"), [_OF_USER, *base], of_project=of_project))
    if has_assignments:
        of_assigned = _OF_ASSIGNED.format(repository=SQL("AND b.repo_id = l.repo_id") if of_project else SQL(""))
        sources.append(_source(SQL("%(added)s::text[]"), [of_assigned], of_project=of_project))
    return _PAGE.format(sources=SQL(" UNION ALL ").join(sources), columns=_COLUMNS, names=_NAMES).as_string()


def _source(keys: SQL, conditions: Sequence[Composable], *, of_project: bool) -> Composable:
    if of_project:
        conditions = [*conditions, _OF_PROJECT]
    return _SOURCE.format(
        keys=keys, condition=SQL(" AND ").join(conditions), project=_PROJECT if of_project else SQL("")
    )


def _to_view(row: Row) -> AttributionView:
    kind, method, user_id = Kind(row[9]), Method(row[10]), row[11]
    if kind is Kind.USER and user_id is None:
        kind, method = Kind.NONE, Method.NOT_A_MEMBER
    return AttributionView(
        id=row[0],
        provider=row[1],
        repo_id=row[2],
        repo_full_name=row[3],
        sha=row[4],
        role=Role(row[5]),
        name=row[6],
        address=row[7] or None,
        username=row[8],
        status=_STATUS[kind],
        method=method,
        user=NamedUser(user_id, row[12]) if user_id else None,
        committed_at=row[13],
        recorded_at=row[14],
    )
