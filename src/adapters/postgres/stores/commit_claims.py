from collections.abc import Sequence

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.queries.memberships import KNOWN_ROLES
from core.domain.attribution.commit_claims import Claimed, ClaimedCommits, CommitClaims
from core.domain.identifiers import ConnectionId
from ports.commit_claims import CommitClaimStore

# A connection may claim in the integrations of the organizations its user is a member of.
_MAY = SQL("""
    FROM user_git_connections AS c
    JOIN memberships AS m ON m.user_id = c.user_id AND m.role = ANY(%(roles)s::text[])
    JOIN git_integrations AS i ON i.organization_id = m.organization_id AND i.provider = c.provider
    WHERE c.status <> 'revoked'
""")
_REQUEST = (
    SQL("""
    INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id)
    SELECT c.id, i.id {may} AND c.id = %(connection)s
    ON CONFLICT (user_git_connection_id, git_integration_id)
        DO UPDATE SET requested_at = now(), claimed_at = NULL, updated_at = now()
""")
    .format(may=_MAY)
    .as_string()
)
_JOINED = (
    SQL("""
    INSERT INTO git_commit_claims (user_git_connection_id, git_integration_id)
    SELECT c.id, i.id {may} AND NOT EXISTS (
        SELECT FROM git_commit_claims AS known
        WHERE known.user_git_connection_id = c.id AND known.git_integration_id = i.id
    )
    ON CONFLICT DO NOTHING
""")
    .format(may=_MAY)
    .as_string()
)
_LEFT = """
    DELETE FROM git_commit_claims AS known
    USING user_git_connections AS c, git_integrations AS i
    WHERE c.id = known.user_git_connection_id AND i.id = known.git_integration_id AND NOT EXISTS (
        SELECT FROM memberships AS m
        WHERE m.user_id = c.user_id AND m.organization_id = i.organization_id
            AND m.role = ANY(%(roles)s::text[])
    )
"""
_DUE = """
    SELECT i.id, i.organization_id, i.provider_id
    FROM (
        SELECT git_integration_id, min(requested_at) AS since FROM git_commit_claims
        WHERE claimed_at IS NULL
        GROUP BY git_integration_id
    ) AS known
    JOIN git_integrations AS i ON i.id = known.git_integration_id
    ORDER BY known.since, i.id
    LIMIT %s
"""
_HOLD = """
    SELECT user_git_connection_id FROM git_commit_claims
    WHERE git_integration_id = %s AND claimed_at IS NULL
    ORDER BY user_git_connection_id
    LIMIT %s
    FOR UPDATE SKIP LOCKED
"""
# Of an address made of a number the number is the proof; another number was told by the provider.
_TAKE = (
    SQL("""
    WITH person AS (
        SELECT c.id, c.user_id, c.provider_user_id {may} AND c.id = ANY(%(connections)s::bigint[])
            AND i.id = %(integration)s
    ), found AS (
        SELECT a.id, person.user_id, CASE
            WHEN starts_with(a.address, a.account_id || '+') THEN 'noreply_id' ELSE 'username'
        END AS method
        FROM person
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND a.kind = 'none'
            AND a.account_id = person.provider_user_id
        UNION ALL
        SELECT a.id, person.user_id, 'verified_address'
        FROM person
        JOIN user_git_emails AS e ON e.user_git_connection_id = person.id
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND a.kind = 'none'
            AND a.address = e.email
    ), proven AS (
        SELECT DISTINCT ON (id) id, user_id, method FROM found
        ORDER BY id, array_position(%(methods)s::text[], method) LIMIT %(limit)s
    ), taken AS (
        UPDATE git_commit_attributions AS a
        SET kind = 'user', user_id = proven.user_id, method = proven.method, updated_at = now()
        FROM proven
        WHERE a.id = proven.id AND a.kind = 'none'
        RETURNING a.user_id, a.repo_id, a.sha
    )
    SELECT u.external_id, taken.repo_id, count(DISTINCT taken.sha), count(*)
    FROM taken JOIN users AS u ON u.id = taken.user_id
    GROUP BY u.external_id, taken.repo_id
""")
    .format(may=_MAY)
    .as_string()
)
_FINISH = """
    UPDATE git_commit_claims SET claimed_at = now(), updated_at = now()
    WHERE git_integration_id = %s AND user_git_connection_id = ANY(%s::bigint[])
"""
_CLAIMS_AT_ONCE = 1_000
# The strongest first, as `match_author` decides.
_METHODS = Texts(["noreply_id", "verified_address", "username"])


class PostgresCommitClaimStore(CommitClaimStore):
    """The table `git_commit_claims`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request(self, connection_id: ConnectionId) -> None:
        """Let a connection look, or look again, wherever its user is a member now."""
        await self._session.change(_REQUEST, {"connection": connection_id, "roles": KNOWN_ROLES})

    async def follow_memberships(self) -> int:
        """Add the claims that memberships give and remove those they gave; return how many are new."""
        await self._session.change(_LEFT, {"roles": KNOWN_ROLES})
        return await self._session.change(_JOINED, {"roles": KNOWN_ROLES})

    async def due(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return the integrations with claims that are not done, those that wait longest first."""
        return [CommitClaims(*row) for row in await self._session.read(_DUE, (limit,))]

    async def take(self, claims: CommitClaims, *, limit: int) -> Claimed:
        """Let attributions be of those who claim, all in one statement, while nobody else works at theirs."""
        held = await self._session.write(_HOLD, (claims.integration_id, _CLAIMS_AT_ONCE))
        if not held:
            return Claimed([], is_done=True)
        connections = Bigints([connection_id for (connection_id,) in held])
        rows = await self._session.write(
            _TAKE,
            {
                "integration": claims.integration_id,
                "connections": connections,
                "limit": limit,
                "methods": _METHODS,
                "roles": KNOWN_ROLES,
            },
        )
        were_all = sum(row[3] for row in rows) < limit
        if were_all:
            await self._session.change(_FINISH, (claims.integration_id, connections))
        commits = [ClaimedCommits(row[0], row[1], row[2]) for row in rows]
        return Claimed(commits, is_done=were_all and len(held) < _CLAIMS_AT_ONCE)
