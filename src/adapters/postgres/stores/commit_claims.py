from collections.abc import Sequence

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Row, Session
from adapters.postgres.queries.directory import KNOWN_ROLES
from adapters.postgres.rows.sql import render
from core.domain.attribution.commit_claims import ClaimedCommits, ClaimResult, CommitClaims
from core.domain.identifiers import ConnectionId
from ports.commit_claims import CommitClaimStore

# A connection may claim in the integrations of the organizations its user is a member of.
_POSSIBLE_CLAIMS = SQL("""
    FROM user_git_connections AS c
    JOIN memberships AS m ON m.user_id = c.user_id AND m.role = ANY(%(roles)s::text[])
    JOIN git_integrations AS i ON i.organization_id = m.organization_id AND i.provider = c.provider
    WHERE c.status <> 'revoked'
""")
_REQUEST_CLAIMS = render(
    """
    INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id)
    SELECT c.id, i.id {possible_claims} AND c.id = %(connection)s
    ON CONFLICT (user_git_connection_id, git_integration_id)
        DO UPDATE SET requested_at = now(), claimed_at = NULL, updated_at = now()
""",
    possible_claims=_POSSIBLE_CLAIMS,
)
_ADD_CLAIMS_OF_NEW_MEMBERS = render(
    """
    INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id)
    SELECT c.id, i.id {possible_claims} AND NOT EXISTS (
        SELECT FROM git_commit_claims AS known
        WHERE known.user_git_connection_id = c.id AND known.git_integration_id = i.id
    )
    ON CONFLICT DO NOTHING
""",
    possible_claims=_POSSIBLE_CLAIMS,
)
_DELETE_CLAIMS_OF_FORMER_MEMBERS = """
    DELETE FROM git_commit_claims AS known
    USING user_git_connections AS c, git_integrations AS i
    WHERE c.id = known.user_git_connection_id AND i.id = known.git_integration_id AND NOT EXISTS (
        SELECT FROM memberships AS m
        WHERE m.user_id = c.user_id AND m.organization_id = i.organization_id
            AND m.role = ANY(%(roles)s::text[])
    )
"""
_ADD_MEMBER_CLAIMS = """
    INSERT INTO git_member_claims (user_id, git_integration_id, address)
    SELECT u.id, i.id, lower(btrim(u.email))
    FROM git_integrations AS i
    JOIN memberships AS m ON m.organization_id = i.organization_id AND m.role = ANY(%(roles)s::text[])
    JOIN users AS u ON u.id = m.user_id
    LEFT JOIN git_member_claims AS known ON known.user_id = u.id AND known.git_integration_id = i.id
    WHERE known.address IS DISTINCT FROM lower(btrim(u.email))
    ON CONFLICT (user_id, git_integration_id)
        DO UPDATE SET address = excluded.address, requested_at = now(), claimed_at = NULL, updated_at = now()
"""
_DELETE_MEMBER_CLAIMS = """
    DELETE FROM git_member_claims AS known
    USING git_integrations AS i
    WHERE i.id = known.git_integration_id AND NOT EXISTS (
        SELECT FROM memberships AS m
        WHERE m.user_id = known.user_id AND m.organization_id = i.organization_id
            AND m.role = ANY(%(roles)s::text[])
    )
"""
_LIST_DUE_CLAIMS = """
    SELECT i.id, i.organization_id, i.provider_id
    FROM (
        SELECT git_integration_id, min(requested_at) AS since
        FROM (
            SELECT git_integration_id, requested_at FROM git_commit_claims WHERE claimed_at IS NULL
            UNION ALL
            SELECT git_integration_id, requested_at FROM git_member_claims WHERE claimed_at IS NULL
        ) AS due
        GROUP BY git_integration_id
    ) AS known
    JOIN git_integrations AS i ON i.id = known.git_integration_id
    ORDER BY known.since, i.id
    LIMIT %s
"""
_LOCK_CLAIMS = """
    SELECT user_git_connection_id FROM git_commit_claims
    WHERE git_integration_id = %s AND claimed_at IS NULL
    ORDER BY user_git_connection_id
    LIMIT %s
    FOR UPDATE SKIP LOCKED
"""
_LOCK_MEMBER_CLAIMS = """
    SELECT user_id FROM git_member_claims
    WHERE git_integration_id = %s AND claimed_at IS NULL
    ORDER BY user_id
    LIMIT %s
    FOR UPDATE SKIP LOCKED
"""
# Commits whose address is assigned are not published: the assignment decides about them.
_COUNT = SQL("""
    SELECT u.external_id, taken.repo_id, count(DISTINCT taken.sha) FILTER (WHERE s.id IS NULL), count(*)
    FROM taken
    JOIN users AS u ON u.id = taken.user_id
    JOIN git_integrations AS i ON i.id = %(integration)s
    LEFT JOIN git_author_assignments AS s ON s.organization_id = i.organization_id AND s.address = taken.address
    GROUP BY u.external_id, taken.repo_id
""")
# A proof of the provider replaces a match by a member's address in crewkit. A no-reply address that starts with the
# account id is a proof. Other account ids are from the provider.
_APPLY_CLAIMS = render(
    """
    WITH person AS (
        SELECT c.id, c.user_id, c.provider_user_id {possible_claims} AND c.id = ANY(%(connections)s::bigint[])
            AND i.id = %(integration)s
    ), found AS (
        SELECT a.id, person.user_id, CASE
            WHEN starts_with(a.address, a.account_id || '+') THEN 'noreply_id' ELSE 'username'
        END AS method
        FROM person
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND {open}
            AND a.account_id = person.provider_user_id
        UNION ALL
        SELECT a.id, person.user_id, 'verified_address'
        FROM person
        JOIN user_git_emails AS e ON e.user_git_connection_id = person.id
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND {open}
            AND a.kind IN ('none', 'user') AND a.address = e.email
    ), proven AS (
        SELECT DISTINCT ON (id) id, user_id, method FROM found
        ORDER BY id, array_position(%(methods)s::text[], method) LIMIT %(limit)s
    ), taken AS (
        UPDATE git_commit_attributions AS a
        SET kind = 'user', user_id = proven.user_id, method = proven.method, updated_at = now()
        FROM proven
        WHERE a.id = proven.id AND {open}
        RETURNING a.user_id, a.repo_id, a.sha, a.address
    )
    {count}
""",
    possible_claims=_POSSIBLE_CLAIMS,
    count=_COUNT,
    open=SQL("(a.kind = 'none' OR a.method = 'member_address')"),
)
# A member's address does not count if a proof of the provider leads to another person (`not_a_member`).
_APPLY_MEMBER_CLAIMS = render(
    """
    WITH person AS (
        SELECT min(known.user_id) AS user_id, known.address
        FROM git_member_claims AS known
        JOIN git_integrations AS i ON i.id = known.git_integration_id
        JOIN memberships AS m
            ON m.user_id = known.user_id AND m.organization_id = i.organization_id AND m.role = ANY(%(roles)s::text[])
        WHERE known.git_integration_id = %(integration)s AND known.address IN (
            SELECT address FROM git_member_claims
            WHERE git_integration_id = %(integration)s AND user_id = ANY(%(users)s::bigint[])
        )
        GROUP BY known.address
        HAVING count(*) = 1
    ), found AS (
        SELECT a.id, person.user_id
        FROM person
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND a.kind = 'none'
            AND a.method = 'unknown' AND a.address = person.address
        LIMIT %(limit)s
    ), taken AS (
        UPDATE git_commit_attributions AS a
        SET kind = 'user', user_id = found.user_id, method = 'member_address', updated_at = now()
        FROM found
        WHERE a.id = found.id AND a.kind = 'none'
        RETURNING a.user_id, a.repo_id, a.sha, a.address
    )
    {count}
""",
    count=_COUNT,
)
_FINISH_CLAIMS = """
    UPDATE git_commit_claims SET claimed_at = now(), updated_at = now()
    WHERE git_integration_id = %s AND user_git_connection_id = ANY(%s::bigint[])
"""
_FINISH_MEMBER_CLAIMS = """
    UPDATE git_member_claims SET claimed_at = now(), updated_at = now()
    WHERE git_integration_id = %s AND user_id = ANY(%s::bigint[])
"""
_MAX_CLAIMS = 1_000
# The strongest first, in the order of `match_author`.
_METHODS = Texts(["noreply_id", "verified_address", "username"])


class PostgresCommitClaimStore(CommitClaimStore):
    """The tables `git_commit_claims` and `git_member_claims`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request(self, connection_id: ConnectionId) -> None:
        """Request claims for a connection in all integrations of its user's organizations."""
        await self._session.change(_REQUEST_CLAIMS, {"connection": connection_id, "roles": KNOWN_ROLES})

    async def follow_memberships(self) -> int:
        """Add claims for new memberships and addresses, and delete those of former ones; return how many are new."""
        parameters = {"roles": KNOWN_ROLES}
        await self._session.change(_DELETE_CLAIMS_OF_FORMER_MEMBERS, parameters)
        await self._session.change(_DELETE_MEMBER_CLAIMS, parameters)
        added = await self._session.change(_ADD_CLAIMS_OF_NEW_MEMBERS, parameters)
        return added + await self._session.change(_ADD_MEMBER_CLAIMS, parameters)

    async def list_due(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return the integrations with pending claims, the longest waiting first."""
        return [CommitClaims(*row) for row in await self._session.read(_LIST_DUE_CLAIMS, (limit,))]

    async def apply(self, claims: CommitClaims, *, limit: int) -> ClaimResult:
        """Attribute in one statement for each kind of claim, while the claims are locked."""
        connections = await self._lock(_LOCK_CLAIMS, claims)
        users = await self._lock(_LOCK_MEMBER_CLAIMS, claims)
        parameters: dict[str, object] = {"integration": claims.integration_id, "roles": KNOWN_ROLES}
        rows: list[Row] = []
        if connections:
            parameters |= {"connections": Bigints(connections), "methods": _METHODS, "limit": limit}
            rows += await self._session.write(_APPLY_CLAIMS, parameters)
        room = limit - sum(row[3] for row in rows)
        if users and room:
            parameters |= {"users": Bigints(users), "limit": room}
            rows += await self._session.write(_APPLY_MEMBER_CLAIMS, parameters)
        is_complete = sum(row[3] for row in rows) < limit
        if is_complete and connections:
            await self._session.change(_FINISH_CLAIMS, (claims.integration_id, Bigints(connections)))
        if is_complete and users:
            await self._session.change(_FINISH_MEMBER_CLAIMS, (claims.integration_id, Bigints(users)))
        commits = [ClaimedCommits(row[0], row[1], row[2]) for row in rows if row[2]]
        return ClaimResult(commits, is_done=is_complete and max(len(connections), len(users)) < _MAX_CLAIMS)

    async def _lock(self, statement: str, claims: CommitClaims) -> list[int]:
        return [key for (key,) in await self._session.write(statement, (claims.integration_id, _MAX_CLAIMS))]
