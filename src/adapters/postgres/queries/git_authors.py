"""Authors grouped by member or address.

The groups are few compared with the attributions, so that assignments, memberships and filters apply to the groups.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from uuid import UUID

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.connection.session import Row, Session
from adapters.postgres.queries.directory import KNOWN_ROLES
from core.domain.attribution.attribution import AttributionStatus, Method, NamedUser
from core.domain.attribution.git_authors import AuthorEmail, AuthorFilter, Candidate, GitAuthor, suggest_users
from core.domain.identifiers import OrganizationId

_PROJECT = SQL("""
    JOIN project_repositories AS l ON l.git_integration_id = i.id AND l.repo_id = a.repo_id
    JOIN projects AS p
        ON p.id = l.project_id AND p.organization_id = i.organization_id AND p.external_id = %(project)s
""")
_PAGE = SQL("""
    WITH groups AS (
        SELECT a.git_integration_id, a.address, a.kind, a.user_id, a.repo_id, count(*) AS commits, max(a.id) AS last_id
        FROM git_integrations AS i
        JOIN git_commit_attributions AS a
            ON a.git_integration_id = i.id AND a.kind IN ('user', 'none', 'bot')
        {project}
        WHERE i.organization_id = %(organization)s
        GROUP BY a.git_integration_id, a.kind, a.address, a.user_id, a.repo_id
    ), resolved AS (
        SELECT g.*, m.user_id AS member_id, s.id IS NOT NULL AS is_assigned, CASE
            WHEN m.user_id IS NOT NULL THEN 'matched'
            WHEN coalesce(s.kind, g.kind) IN ('bot', 'ignored') THEN coalesce(s.kind, g.kind)
            ELSE 'unmatched'
        END AS status
        FROM groups AS g
        LEFT JOIN git_author_assignments AS s
            ON s.organization_id = %(organization)s AND s.address = g.address AND g.address <> ''
        LEFT JOIN memberships AS m
            ON m.organization_id = %(organization)s AND m.role = ANY(%(roles)s::text[])
            AND m.user_id = CASE WHEN s.id IS NULL THEN g.user_id ELSE s.user_id END
    ), authors AS (
        SELECT status, member_id, sum(commits)::bigint AS commits, max(last_id) AS last_id,
            array_agg(DISTINCT is_assigned::int || address) FILTER (WHERE address <> '') AS emails,
            array_agg(DISTINCT git_integration_id || '/' || repo_id) AS repositories
        FROM resolved
        WHERE (status = %(status)s OR %(status)s::text IS NULL) AND (member_id IS NOT NULL OR address <> '')
        GROUP BY status, member_id, CASE WHEN member_id IS NULL THEN address END
    )
    SELECT x.last_id, x.status, x.commits, x.emails, a.name, a.username, a.address, a.method, a.user_id,
        a.committed_at, a.created_at, u.external_id, u.name, ARRAY(
            SELECT p.external_id || ' ' || p.name
            FROM project_repositories AS l
            JOIN projects AS p ON p.id = l.project_id AND p.organization_id = %(organization)s
            WHERE l.git_integration_id || '/' || l.repo_id = ANY(x.repositories)
            ORDER BY p.name, p.id
        )
    FROM authors AS x
    JOIN git_commit_attributions AS a ON a.id = x.last_id
    LEFT JOIN users AS u ON u.id = x.member_id
    WHERE x.last_id < %(before)s
        AND (a.created_at >= %(since)s OR %(since)s::timestamptz IS NULL)
        AND (%(query)s = '' OR strpos(
            lower(concat_ws(chr(10), a.name, a.username, u.name, array_to_string(x.emails, chr(10)))), %(query)s
        ) > 0)
    ORDER BY x.last_id DESC
    LIMIT %(limit)s
""")
# Members with their logins. `git_member_claims` has an index for the members of an organization, `memberships` has not.
_CANDIDATES = """
    SELECT u.external_id, u.name, u.email, ARRAY(
        SELECT c.provider_username FROM user_git_connections AS c
        WHERE c.user_id = u.id AND c.provider_username IS NOT NULL
    )
    FROM git_integrations AS i
    JOIN git_member_claims AS k ON k.git_integration_id = i.id
    JOIN memberships AS m
        ON m.user_id = k.user_id AND m.organization_id = i.organization_id AND m.role = ANY(%(roles)s::text[])
    JOIN users AS u ON u.id = k.user_id
    WHERE i.organization_id = %(organization)s
    ORDER BY u.id
    LIMIT 5000
"""
# The member who wrote all of an address's last commits in which it is a co-author, if there are at least two.
_PAIRS = """
    SELECT wanted.address, (min(u.external_id::text))::uuid
    FROM unnest(%(addresses)s::text[]) AS wanted (address)
    CROSS JOIN LATERAL (
        SELECT a.id
        FROM git_integrations AS i
        JOIN git_commit_attributions AS a
            ON a.git_integration_id = i.id AND a.kind = 'none' AND a.address = wanted.address
        WHERE i.organization_id = %(organization)s
        ORDER BY a.id DESC
        LIMIT 20
    ) AS last
    JOIN git_commit_attributions AS named ON named.id = last.id AND named.role = 'co_author'
    JOIN git_commit_attributions AS author
        ON author.git_integration_id = named.git_integration_id AND author.repo_id = named.repo_id
        AND author.sha = named.sha AND author.role = 'author'
    LEFT JOIN users AS u ON u.id = author.user_id
    GROUP BY wanted.address
    HAVING count(DISTINCT named.sha) >= 2 AND count(DISTINCT u.id) = 1 AND count(*) = count(u.id)
"""
_BEYOND = 2**63 - 1


async def list_page(
    session: Session, organization_id: OrganizationId, where: AuthorFilter, *, limit: int, before: int | None
) -> Sequence[GitAuthor]:
    """Return at most `limit` authors of an organization, the last recorded first, those below `before` only."""
    parameters: dict[str, object] = {
        "organization": organization_id,
        "roles": KNOWN_ROLES,
        "project": where.project_id,
        "status": where.status.value if where.status else None,
        "query": where.query.strip().lower(),
        "since": where.since,
        "before": _BEYOND if before is None else before,
        "limit": limit,
    }
    rows = await session.read(render_page(where.project_id is not None), parameters)
    authors = [_to_author(row) for row in rows]
    unmatched = [
        author.emails[0].address
        for author in authors
        if author.status is AttributionStatus.UNMATCHED and not author.emails[0].is_assigned
    ]
    if not unmatched:
        return authors
    candidates = [
        Candidate(NamedUser(row[0], row[1]), row[2], row[3])
        for row in {row[0]: row for row in await session.read(_CANDIDATES, parameters)}.values()
    ]
    pairs: dict[str, UUID] = dict(await session.read(_PAIRS, parameters | {"addresses": Texts(unmatched)}))
    suggestions = defaultdict(list)
    for author in authors:
        if author.emails and author.emails[0].address in unmatched:
            address = author.emails[0].address
            suggestions[author.id] = suggest_users(
                author.name, address, author.username, candidates, pairs.get(address)
            )
    return [replace(author, suggestions=suggestions[author.id]) for author in authors]


@cache
def render_page(of_project: bool) -> str:
    """Return the statement for a page."""
    return _PAGE.format(project=_PROJECT if of_project else SQL("")).as_string()


def _to_author(row: Row) -> GitAuthor:
    status = AttributionStatus(row[1])
    emails = [AuthorEmail(text[1:], text[0] == "1") for text in row[3] or ()]
    method = Method(row[7])
    if any(email.is_assigned and email.address == row[6] for email in emails):
        method = Method.ASSIGNED
    if status is AttributionStatus.UNMATCHED and (row[8] is not None or method is Method.ASSIGNED):
        method = Method.NOT_A_MEMBER
    return GitAuthor(
        id=row[0],
        status=status,
        method=method,
        name=row[4],
        username=row[5],
        address=row[6],
        emails=emails,
        user=NamedUser(row[11], row[12]) if row[11] else None,
        commits=row[2],
        last_committed_at=row[9],
        last_recorded_at=row[10],
        projects=[NamedUser(UUID(text[:36]), text[37:]) for text in row[13]],
    )
