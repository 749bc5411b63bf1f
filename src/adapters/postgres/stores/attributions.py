from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

from adapters.postgres.connection.packed_arrays import Bigints, Texts, Timestamps
from adapters.postgres.connection.session import Parameters, Row, Session
from adapters.postgres.queries import attributions as attribution_pages
from adapters.postgres.queries.directory import KNOWN_ROLES
from core.domain.attribution.attribution import (
    Attribution,
    AttributionFilter,
    AttributionView,
    Identities,
    Identity,
    IdentityQuery,
    Kind,
    Match,
    match_assigned,
)
from core.domain.identifiers import OrganizationId, ProviderUserId, RepoId
from core.domain.streams.domain_event import MAX_NAME
from ports.attributions import AttributionStore

Key = TypeVar("Key", bound=Hashable)

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
    SELECT proof, key, user_id, external_id, created_at, organizations
    FROM (
        SELECT f.proof, f.key, c.user_id, u.external_id, c.created_at, f.updated_at, c.id, ARRAY(
            SELECT m.organization_id FROM memberships AS m
            WHERE m.user_id = c.user_id AND m.organization_id = ANY(%(organizations)s::bigint[])
                AND m.role = ANY(%(roles)s::text[])
        ) AS organizations
        FROM found AS f
        JOIN user_git_connections AS c ON c.id = f.connection_id
        JOIN users AS u ON u.id = c.user_id
        WHERE c.provider = %(provider)s AND c.status <> 'revoked'
        UNION ALL
        SELECT 'member', a.address, a.user_id, u.external_id, a.created_at, a.updated_at, a.user_id,
            ARRAY[i.organization_id]
        FROM git_integrations AS i
        JOIN git_member_claims AS a
            ON a.git_integration_id = i.id AND a.address = ANY(%(addresses)s::text[])
        JOIN memberships AS m
            ON m.user_id = a.user_id AND m.organization_id = i.organization_id AND m.role = ANY(%(roles)s::text[])
        JOIN users AS u ON u.id = a.user_id AND lower(btrim(u.email)) = a.address
        WHERE i.organization_id = ANY(%(organizations)s::bigint[]) AND i.provider = %(provider)s
        UNION ALL
        SELECT s.kind, s.address, m.user_id, u.external_id, s.created_at, s.updated_at, s.id, ARRAY[s.organization_id]
        FROM git_author_assignments AS s
        LEFT JOIN memberships AS m
            ON m.user_id = s.user_id AND m.organization_id = s.organization_id AND m.role = ANY(%(roles)s::text[])
        LEFT JOIN users AS u ON u.id = m.user_id
        WHERE s.organization_id = ANY(%(organizations)s::bigint[]) AND s.address = ANY(%(addresses)s::text[])
    ) AS identity
    ORDER BY updated_at, id
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


class PostgresAttributionStore(AttributionStore):
    """The table `git_commit_attributions`."""

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


def _to_identities(rows: Sequence[Row]) -> Identities:
    accounts: dict[ProviderUserId, Identity] = {}
    addresses: dict[str, Identity] = {}
    logins: dict[str, list[Identity]] = defaultdict(list)
    members: dict[tuple[OrganizationId, str], list[Identity]] = defaultdict(list)
    assigned: dict[tuple[OrganizationId, str], Match] = {}
    for proof, key, user_id, external_id, connected_at, organizations in rows:
        identity = Identity(user_id, external_id, connected_at, frozenset(organizations))
        match proof:
            case "account":
                accounts[key] = identity
            case "address":
                addresses[key] = identity
            case "login":
                logins[key].append(identity)
            case "member":
                members[organizations[0], key].append(identity)
            case _:
                assigned[organizations[0], key] = match_assigned(Kind(proof), identity if user_id else None)
    return Identities(accounts, addresses, _list_unique(logins), _list_unique(members), assigned)


def _list_unique(identities: Mapping[Key, Sequence[Identity]]) -> dict[Key, Identity]:
    """Return the keys that one user has."""
    return {key: users[0] for key, users in identities.items() if len(users) == 1}


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
