from collections.abc import Collection, Sequence

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Texts, Timestamps
from adapters.postgres.connection.session import Parameters, Row, Session
from adapters.postgres.queries import attributions as attribution_pages
from adapters.postgres.queries.directory import KNOWN_ROLES
from adapters.postgres.rows.sql import render
from core.domain.attribution.attribution import (
    Attribution,
    AttributionFilter,
    AttributionView,
    Identities,
    Identity,
    IdentityQuery,
)
from core.domain.attribution.commit_claims import ClaimedCommits, ClaimResult, CommitClaims
from core.domain.identifiers import ConnectionId, OrganizationId, ProviderUserId, RepoId
from core.domain.streams.domain_event import MAX_NAME
from ports.attributions import AttributionStore

# If two connections have one address, it belongs to the connection for which it was verified last.
_FIND_IDENTITIES = """
    WITH found AS (
        SELECT 'account' AS proof, provider_user_id AS key, id AS connection_id, updated_at
        FROM user_git_connections
        WHERE provider = %(provider)s AND provider_user_id = ANY(%(accounts)s::text[])
        UNION ALL
        SELECT 'address', email, user_git_connection_id, updated_at
        FROM user_git_emails
        WHERE email = ANY(%(addresses)s::text[])
        UNION ALL
        SELECT 'login', lower(provider_username), id, updated_at
        FROM user_git_connections
        WHERE provider = %(provider)s AND lower(provider_username) = ANY(%(logins)s::text[])
            AND status = 'active'
    )
    SELECT f.proof, f.key, c.user_id, u.external_id, c.created_at, ARRAY(
        SELECT m.organization_id FROM memberships AS m
        WHERE m.user_id = c.user_id AND m.organization_id = ANY(%(organizations)s::bigint[])
            AND m.role = ANY(%(roles)s::text[])
    )
    FROM found AS f
    JOIN user_git_connections AS c ON c.id = f.connection_id
    JOIN users AS u ON u.id = c.user_id
    WHERE c.provider = %(provider)s AND c.status <> 'revoked'
    ORDER BY f.updated_at, c.id
"""
_ADD = """
    INSERT INTO git_commit_attributions (
        git_integration_id, repo_id, sha, role, address, name, username, account_id, kind, method, user_id,
        committed_at
    )
    SELECT * FROM unnest(
        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
        %s::text[], %s::text[], %s::bigint[], %s::timestamptz[]
    )
    ON CONFLICT DO NOTHING
"""
# Keeps each statement far below its time limit, however many authors a batch contains.
_MAX_ROWS = 10_000
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
_LIST_DUE_CLAIMS = """
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
_LOCK_CLAIMS = """
    SELECT user_git_connection_id FROM git_commit_claims
    WHERE git_integration_id = %s AND claimed_at IS NULL
    ORDER BY user_git_connection_id
    LIMIT %s
    FOR UPDATE SKIP LOCKED
"""
# A no-reply address that starts with the account id is a proof. Other account ids are from the provider.
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
""",
    possible_claims=_POSSIBLE_CLAIMS,
)
_FINISH_CLAIMS = """
    UPDATE git_commit_claims SET claimed_at = now(), updated_at = now()
    WHERE git_integration_id = %s AND user_git_connection_id = ANY(%s::bigint[])
"""
_MAX_CLAIMS = 1_000
# The strongest first, in the order of `match_author`.
_METHODS = Texts(["noreply_id", "verified_address", "username"])


class PostgresAttributionStore(AttributionStore):
    """The tables `git_commit_attributions` and `git_commit_claims`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_identities(
        self, provider: str, people: IdentityQuery, organizations: Collection[OrganizationId]
    ) -> Identities:
        """Return the users with their organizations, in one round trip."""
        if not people:
            return Identities()
        rows = await self._session.read(
            _FIND_IDENTITIES,
            {
                "provider": provider,
                "accounts": Texts(list(people.account_ids)),
                "addresses": Texts(list(people.addresses)),
                "logins": Texts(list(people.logins)),
                "organizations": Bigints(list(organizations)),
                "roles": KNOWN_ROLES,
            },
        )
        return _to_identities(rows)

    async def add(self, attributions: Sequence[Attribution]) -> None:
        """Insert attributions in as few statements as are safe."""
        for start in range(0, len(attributions), _MAX_ROWS):
            await self._session.change(_ADD, _to_columns(attributions[start : start + _MAX_ROWS]))

    async def list_attributions(
        self, organization_id: OrganizationId, where: AttributionFilter, *, limit: int, before: int | None = None
    ) -> Sequence[AttributionView]:
        """Return at most `limit` attributions, the latest first, only those below `before`."""
        return await attribution_pages.list_page(self._session, organization_id, where, limit=limit, before=before)

    async def list_by_commits(
        self, organization_id: OrganizationId, provider: str, repo_id: RepoId, shas: Collection[str]
    ) -> Sequence[AttributionView]:
        """Return the people of these commits of a repository, in the order in which they were stored."""
        return await attribution_pages.list_by_commits(self._session, organization_id, provider, repo_id, shas)

    async def request_claims(self, connection_id: ConnectionId) -> None:
        """Request claims for a connection in all integrations of its user's organizations."""
        await self._session.change(_REQUEST_CLAIMS, {"connection": connection_id, "roles": KNOWN_ROLES})

    async def follow_memberships(self) -> int:
        """Add claims for new memberships and delete those of former ones; return how many are new."""
        await self._session.change(_DELETE_CLAIMS_OF_FORMER_MEMBERS, {"roles": KNOWN_ROLES})
        return await self._session.change(_ADD_CLAIMS_OF_NEW_MEMBERS, {"roles": KNOWN_ROLES})

    async def list_due_claims(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return the integrations with pending claims, the longest waiting first."""
        return [CommitClaims(*row) for row in await self._session.read(_LIST_DUE_CLAIMS, (limit,))]

    async def apply_claims(self, claims: CommitClaims, *, limit: int) -> ClaimResult:
        """Attribute in one statement, while the claims are locked."""
        claimants = await self._session.write(_LOCK_CLAIMS, (claims.integration_id, _MAX_CLAIMS))
        if not claimants:
            return ClaimResult([], is_done=True)
        connections = Bigints([connection_id for (connection_id,) in claimants])
        rows = await self._session.write(
            _APPLY_CLAIMS,
            {
                "integration": claims.integration_id,
                "connections": connections,
                "limit": limit,
                "methods": _METHODS,
                "roles": KNOWN_ROLES,
            },
        )
        is_complete = sum(row[3] for row in rows) < limit
        if is_complete:
            await self._session.change(_FINISH_CLAIMS, (claims.integration_id, connections))
        commits = [ClaimedCommits(row[0], row[1], row[2]) for row in rows]
        return ClaimResult(commits, is_done=is_complete and len(claimants) < _MAX_CLAIMS)


def _to_identities(rows: Sequence[Row]) -> Identities:
    accounts: dict[ProviderUserId, Identity] = {}
    addresses: dict[str, Identity] = {}
    logins: dict[str, Identity] = {}
    contested: set[str] = set()
    for proof, key, user_id, external_id, connected_at, organizations in rows:
        identity = Identity(user_id, external_id, connected_at, frozenset(organizations))
        if proof == "account":
            accounts[key] = identity
        elif proof == "address":
            addresses[key] = identity
        elif key in logins:
            contested.add(key)
        else:
            logins[key] = identity
    uncontested = {login: identity for login, identity in logins.items() if login not in contested}
    return Identities(accounts, addresses, uncontested)


def _to_columns(attributions: Sequence[Attribution]) -> Parameters:
    authors = [attribution.author for attribution in attributions]
    matches = [attribution.match for attribution in attributions]
    return (
        Bigints([attribution.integration_id for attribution in attributions]),
        Texts([attribution.repo_id for attribution in attributions]),
        Texts([attribution.sha for attribution in attributions]),
        Texts([attribution.role.value for attribution in attributions]),
        Texts([attribution.address for attribution in attributions]),
        Texts([author.name[:MAX_NAME] for author in authors]),
        Texts([author.username for author in authors]),
        Texts([author.noreply_id or author.account_id for author in authors]),
        Texts([match.kind.value for match in matches]),
        Texts([match.method.value for match in matches]),
        Bigints([match.user.user_id if match.user else None for match in matches]),
        Timestamps([attribution.committed_at for attribution in attributions]),
    )
