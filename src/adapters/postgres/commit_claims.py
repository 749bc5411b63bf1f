from collections.abc import Sequence

from psycopg.sql import SQL

from adapters.postgres.memberships import KNOWN_ROLES
from adapters.postgres.session import Session
from core.domain.commit_claims import Claimed, CommitClaim
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
    SELECT known.user_git_connection_id, known.git_integration_id, i.organization_id, i.provider_id,
        u.external_id
    FROM git_commit_claims AS known
    JOIN user_git_connections AS c ON c.id = known.user_git_connection_id
    JOIN users AS u ON u.id = c.user_id
    JOIN git_integrations AS i ON i.id = known.git_integration_id
    WHERE known.claimed_at IS NULL
    ORDER BY known.requested_at, known.user_git_connection_id, known.git_integration_id
    LIMIT %s
"""
_HOLD = """
    SELECT requested_at FROM git_commit_claims
    WHERE user_git_connection_id = %(connection)s AND git_integration_id = %(integration)s
        AND claimed_at IS NULL
    FOR UPDATE SKIP LOCKED
"""
# Of an address made of a number the number is the proof; another number was told by the provider.
_TAKE = (
    SQL("""
    WITH person AS (
        SELECT c.id, c.user_id, c.provider_user_id {may} AND c.id = %(connection)s AND i.id = %(integration)s
    ), found AS (
        SELECT a.id, CASE
            WHEN starts_with(a.address, a.account_id || '+') THEN 'noreply_id' ELSE 'username'
        END AS method
        FROM person
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND a.kind = 'none'
            AND a.account_id = person.provider_user_id
        UNION ALL
        SELECT a.id, 'verified_address'
        FROM person
        JOIN user_git_emails AS e ON e.user_git_connection_id = person.id
        JOIN git_commit_attributions AS a ON a.git_integration_id = %(integration)s AND a.kind = 'none'
            AND a.address = e.email
    ), proven AS (
        SELECT id, min(method) FILTER (WHERE method <> 'username') AS by_address FROM found
        GROUP BY id ORDER BY id LIMIT %(limit)s
    ), taken AS (
        UPDATE git_commit_attributions AS a
        SET kind = 'user', user_id = person.user_id, method = coalesce(proven.by_address, 'username'),
            updated_at = now()
        FROM proven, person
        WHERE a.id = proven.id AND a.kind = 'none'
        RETURNING a.repo_id, a.sha
    )
    SELECT repo_id, count(DISTINCT sha), count(*) FROM taken GROUP BY repo_id
""")
    .format(may=_MAY)
    .as_string()
)
_FINISH = """
    UPDATE git_commit_claims SET claimed_at = now(), updated_at = now()
    WHERE user_git_connection_id = %(connection)s AND git_integration_id = %(integration)s
"""


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

    async def due(self, *, limit: int) -> Sequence[CommitClaim]:
        """Return claims that are not done, the oldest first."""
        return [CommitClaim(*row) for row in await self._session.read(_DUE, (limit,))]

    async def take(self, claim: CommitClaim, *, limit: int) -> Claimed:
        """Let attributions be the user's, in one statement, while nobody else works at this claim."""
        key = {"connection": claim.connection_id, "integration": claim.integration_id}
        if not await self._session.write(_HOLD, key):
            return Claimed({}, is_done=True)
        rows = await self._session.write(_TAKE, {**key, "limit": limit, "roles": KNOWN_ROLES})
        is_done = sum(row[2] for row in rows) < limit
        if is_done:
            await self._session.change(_FINISH, key)
        return Claimed({row[0]: row[1] for row in rows}, is_done)
