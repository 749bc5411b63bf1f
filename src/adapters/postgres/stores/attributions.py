from collections.abc import Collection, Sequence

from adapters.postgres.connection.line import Parameters, Row
from adapters.postgres.connection.packed_arrays import Bigints, Texts, Timestamps
from adapters.postgres.connection.session import Session
from adapters.postgres.queries import attributions as attribution_pages
from adapters.postgres.queries.memberships import KNOWN_ROLES
from core.domain.attribution.attribution import Attribution, Identities, Identity, Sought
from core.domain.attribution.views import AttributionFilter, AttributionView
from core.domain.identifiers import OrganizationId, ProviderUserId, RepoId
from core.domain.streams.domain_event import MAX_NAME
from ports.attributions import AttributionStore

# An address that two connections have is of the one the provider verified it for last.
_IDENTITIES = """
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
# No statement may come near its time limit, however many people a batch of large pushes names.
_AT_ONCE = 10_000


class PostgresAttributionStore(AttributionStore):
    """The table `git_commit_attributions`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def identities(
        self, provider: str, sought: Sought, organizations: Collection[OrganizationId]
    ) -> Identities:
        """Return the users among those sought, in one round trip, and of which organizations they are."""
        if not sought:
            return Identities()
        rows = await self._session.read(
            _IDENTITIES,
            {
                "provider": provider,
                "accounts": Texts(list(sought.account_ids)),
                "addresses": Texts(list(sought.addresses)),
                "logins": Texts(list(sought.logins)),
                "organizations": Bigints(list(organizations)),
                "roles": KNOWN_ROLES,
            },
        )
        return _identities(rows)

    async def add(self, attributions: Sequence[Attribution]) -> None:
        """Write them in as few statements as are safe."""
        for start in range(0, len(attributions), _AT_ONCE):
            await self._session.change(_ADD, _columns(attributions[start : start + _AT_ONCE]))

    async def page(
        self,
        organization_id: OrganizationId,
        where: AttributionFilter,
        *,
        limit: int,
        before: int | None = None,
    ) -> Sequence[AttributionView]:
        """Return at most `limit` attributions, the latest first, those below `before` only."""
        return await attribution_pages.page(self._session, organization_id, where, limit=limit, before=before)

    async def of_commits(
        self, organization_id: OrganizationId, provider: str, repo_id: RepoId, shas: Collection[str]
    ) -> Sequence[AttributionView]:
        """Return the people of these commits of a repository, in the order in which they were told."""
        return await attribution_pages.of_commits(self._session, organization_id, provider, repo_id, shas)


def _identities(rows: Sequence[Row]) -> Identities:
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


def _columns(attributions: Sequence[Attribution]) -> Parameters:
    authors = [one.author for one in attributions]
    matches = [one.match for one in attributions]
    return (
        Bigints([one.integration_id for one in attributions]),
        Texts([one.repo_id for one in attributions]),
        Texts([one.sha for one in attributions]),
        Texts([one.role.value for one in attributions]),
        Texts([one.address for one in attributions]),
        Texts([author.name[:MAX_NAME] for author in authors]),
        Texts([author.username for author in authors]),
        Texts([author.noreply_id or author.account_id for author in authors]),
        Texts([match.kind.value for match in matches]),
        Texts([match.method.value for match in matches]),
        Bigints([match.user.user_id if match.user else None for match in matches]),
        Timestamps([one.committed_at for one in attributions]),
    )
