from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Bigints, Booleans, Packed, Texts, Timestamps
from adapters.postgres.connection.session import Row, Session
from adapters.postgres.queries import repositories as repository_search
from adapters.postgres.queries.trigrams import render_grams, search_name, text_array
from adapters.postgres.rows.codec import storable
from adapters.postgres.rows.integrations import INTEGRATIONS, REPOSITORIES
from adapters.postgres.rows.sql import render
from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPosition, about
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.integrations.integration import Integration
from ports.catalog import CatalogStore, SyncClaim

_FIND = render(
    """
    SELECT {columns}
    FROM unnest(%s::bigint[], %s::text[]) AS wanted (git_integration_id, repo_id)
    JOIN git_repositories AS r
        ON r.git_integration_id = wanted.git_integration_id AND r.repo_id = wanted.repo_id
    """,
    columns=REPOSITORIES.columns,
)
_FIND_BY_NAME = render(
    """
    SELECT {columns}
    FROM unnest(%s::bigint[], %s::text[]) AS wanted (git_integration_id, search_name)
    JOIN git_repositories AS r
        ON r.git_integration_id = wanted.git_integration_id AND r.search_name = wanted.search_name
        AND r.removed_at IS NULL
    """,
    columns=REPOSITORIES.columns,
)
_LOAD = render(
    "SELECT {columns} FROM git_repositories AS r WHERE r.git_integration_id = %s", columns=REPOSITORIES.columns
)
_LIST_UNLISTED = render(
    """
    SELECT {columns} FROM git_repositories AS r
    WHERE r.git_integration_id = %s AND r.removed_at IS NULL
        AND NOT EXISTS (SELECT FROM unnest(%s::text[]) AS listed (repo_id) WHERE listed.repo_id = r.repo_id)
    LIMIT %s
    """,
    columns=REPOSITORIES.columns,
)
# The time is that of the write itself: a transaction's own is that of its beginning, before it waited.
_SAVE = """
    INSERT INTO git_repositories AS r (
        git_integration_id, repo_id, full_name, url, private, archived, fork, default_branch, description,
        language, pushed_at, provider_updated_at, removed_at, visibility, search_name, search_grams, topics,
        search_about, updated_at
    )
    SELECT git_integration_id, repo_id, full_name, url, private, archived, fork, default_branch, description,
        language, pushed_at, provider_updated_at, removed_at, visibility, search_name,
        search_grams::integer[], topics::varchar[], search_about, clock_timestamp()
    FROM unnest(
        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::boolean[],
        %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]
    ) AS saved (
        git_integration_id, repo_id, full_name, url, private, archived, fork, default_branch, description,
        language, pushed_at, provider_updated_at, removed_at, visibility, search_name, search_grams, topics,
        search_about
    )
    ON CONFLICT (git_integration_id, repo_id) DO UPDATE SET
        full_name = excluded.full_name,
        url = excluded.url,
        private = excluded.private,
        archived = excluded.archived,
        fork = excluded.fork,
        default_branch = excluded.default_branch,
        description = excluded.description,
        language = excluded.language,
        pushed_at = excluded.pushed_at,
        provider_updated_at = excluded.provider_updated_at,
        removed_at = excluded.removed_at,
        visibility = excluded.visibility,
        search_name = excluded.search_name,
        search_grams = excluded.search_grams,
        topics = excluded.topics,
        search_about = excluded.search_about,
        updated_at = clock_timestamp()
"""
_SAVE_NOT_WRITTEN_SINCE = f"{_SAVE} WHERE r.updated_at < %s RETURNING r.git_integration_id, r.repo_id"

_ARRAYS: tuple[Callable[[Sequence[Any]], Packed], ...] = (
    *(Bigints, Texts, Texts, Texts, Booleans, Booleans, Booleans, Texts, Texts, Texts),
    *(Timestamps, Timestamps, Timestamps, Texts, Texts, Texts, Texts, Texts),
)
# The last line is `core.domain.catalog.sync.reconcile_delay`.
_IS_SYNC_DUE = SQL("""
    i.status = 0
    AND (i.sync_claimed_until IS NULL OR i.sync_claimed_until <= %(now)s)
    AND (i.sync_retry_at IS NULL OR i.sync_retry_at <= %(now)s)
    AND (
        i.sync_requested_at IS NOT NULL OR i.sync_claim IS NOT NULL OR i.sync_failures > 0
        OR i.sync_error IS NOT NULL OR i.synced_at IS NULL
        OR i.synced_at <= %(now)s - interval '24 hours' + i.id %% 120 * interval '1 minute'
    )
""")
_LIST_DUE_SYNCS = render(
    """
    SELECT {columns} FROM git_integrations AS i
    WHERE {is_due}
    ORDER BY i.sync_requested_at NULLS LAST, i.synced_at NULLS FIRST, i.id
    LIMIT %(limit)s
    """,
    columns=INTEGRATIONS.columns,
    is_due=_IS_SYNC_DUE,
)
_CLAIM_SYNC = render(
    """
    UPDATE git_integrations AS i
    SET sync_claim = %(owner)s, sync_claimed_until = %(until)s, sync_requested_at = NULL
    WHERE i.id = %(id)s AND i.provider_id = %(provider_id)s AND {is_due}
    RETURNING {columns}, clock_timestamp()
    """,
    columns=INTEGRATIONS.columns,
    is_due=_IS_SYNC_DUE,
)
_RENEW_SYNC_CLAIM = """
    UPDATE git_integrations SET sync_claimed_until = %s
    WHERE id = %s AND sync_claim = %s AND provider_id = %s AND status = 0
"""
_FINISH_SYNC = """
    UPDATE git_integrations
    SET sync_claim = NULL, sync_claimed_until = NULL, sync_failures = 0, sync_error = %s,
        sync_retry_at = %s, synced_at = %s
    WHERE id = %s AND sync_claim = %s
"""
_FAIL_SYNC = """
    UPDATE git_integrations
    SET sync_claim = NULL, sync_claimed_until = NULL, sync_failures = sync_failures + 1, sync_error = %s,
        sync_retry_at = %s
    WHERE id = %s AND sync_claim = %s
"""
_RELEASE_SYNC = """
    UPDATE git_integrations
    SET sync_claim = NULL, sync_claimed_until = NULL,
        sync_requested_at = coalesce(sync_requested_at, %s)
    WHERE id = %s AND sync_claim = %s
"""


class PostgresCatalogStore(CatalogStore):
    """The table `git_repositories` and the columns `sync_…` of `git_integrations`.

    A sync does not change the `updated_at` of an integration.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""
        wanted = set(keys)
        parameters = (Bigints([key[0] for key in wanted]), Texts([key[1] for key in wanted]))
        return REPOSITORIES.to_list(await self._session.read(_FIND, parameters))

    async def find_repositories_by_name(self, names: Collection[tuple[IntegrationId, str]]) -> Sequence[Repository]:
        """Return the rows that have these full names, without regard to case; no removed ones."""
        wanted = {(integration_id, search_name(name)) for integration_id, name in names}
        parameters = (Bigints([one[0] for one in wanted]), Texts([one[1] for one in wanted]))
        return REPOSITORIES.to_list(await self._session.read(_FIND_BY_NAME, parameters))

    async def load_repositories(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""
        rows = await self._session.read(_LOAD, (integration_id,))
        return REPOSITORIES.to_list(rows)

    async def search_repositories(
        self,
        organization_id: OrganizationId,
        provider: str,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPosition | None = None,
    ) -> tuple[Integration, Sequence[Repository]] | None:
        """Return an integration and at most `limit` rows that match, by name, those after a place only."""
        return await repository_search.browse(self._session, organization_id, provider, where, limit=limit, after=after)

    async def save_repositories(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, in the order of their keys so that two writers never deadlock."""
        if repositories:
            await self._session.change(_SAVE, _parameters(repositories))

    async def save_repositories_not_written_since(
        self, time: datetime, repositories: Sequence[Repository]
    ) -> Collection[tuple[IntegrationId, RepoId]]:
        """Write these rows but what was written at this time or after; return the keys written."""
        if not repositories:
            return set()
        rows = await self._session.write(_SAVE_NOT_WRITTEN_SINCE, [*_parameters(repositories), time])
        return {(integration_id, repo_id) for integration_id, repo_id in rows}

    async def list_unlisted_repositories(
        self, integration_id: IntegrationId, listed: Collection[RepoId], *, limit: int
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that are not removed and not among the listed."""
        rows = await self._session.read(_LIST_UNLISTED, (integration_id, Texts(list(listed)), limit))
        return REPOSITORIES.to_list(rows)

    async def list_due_syncs(self, *, now: datetime, limit: int) -> Sequence[Integration]:
        """Return integrations whose catalog is due, requested ones first."""
        rows = await self._session.read(_LIST_DUE_SYNCS, {"now": now, "limit": limit})
        return INTEGRATIONS.to_list(rows)

    async def claim_sync(
        self, integration: Integration, *, owner: str, now: datetime, until: datetime
    ) -> SyncClaim | None:
        """Take the sync of a catalog that is still due, for the same installation."""
        wanted = {"id": integration.id, "provider_id": integration.provider_id}
        rows = await self._session.write(_CLAIM_SYNC, {**wanted, "owner": owner, "now": now, "until": until})
        return SyncClaim(owner, INTEGRATIONS.to_domain(rows[0][:-1]), now, rows[0][-1]) if rows else None

    async def renew_sync_claim(self, claim: SyncClaim, *, until: datetime) -> bool:
        """Lock the row and hold the claim until then; False where it is lost."""
        held = (claim.integration.id, claim.owner, claim.integration.provider_id)
        return await self._session.change(_RENEW_SYNC_CLAIM, (until, *held)) == 1

    async def finish_sync(
        self, claim: SyncClaim, *, remark: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """End a claim that is still held: the catalog is as of its beginning."""
        await self._session.change(
            _FINISH_SYNC, (remark, retry_at, claim.claimed_at, claim.integration.id, claim.owner)
        )

    async def fail_sync(self, claim: SyncClaim, *, reason: str, retry_at: datetime) -> None:
        """End a claim that is still held, without success."""
        await self._session.change(_FAIL_SYNC, (reason, retry_at, claim.integration.id, claim.owner))

    async def release_sync(self, claim: SyncClaim) -> None:
        """End a claim that is still held as if it had not been made."""
        await self._session.change(_RELEASE_SYNC, (claim.claimed_at, claim.integration.id, claim.owner))


def _parameters(repositories: Sequence[Repository]) -> list[Packed]:
    last = {(row.integration_id, row.repo_id): row for row in repositories}
    rows = [_to_row(last[key]) for key in sorted(last)]
    columns = zip(_ARRAYS, zip(*rows, strict=True), strict=True)
    return [array(column) for array, column in columns]


def _to_row(repository: Repository) -> Row:
    about_words = storable(about(repository))
    return (
        repository.integration_id,
        repository.repo_id,
        repository.full_name,
        repository.url,
        repository.private,
        repository.archived,
        repository.fork,
        repository.default_branch,
        repository.description,
        repository.language,
        repository.pushed_at,
        repository.provider_updated_at,
        repository.removed_at,
        repository.stored_visibility,
        search_name(repository.full_name),
        render_grams(repository.integration_id, repository.full_name, about_words),
        None if repository.topics is None else text_array(repository.topics),
        about_words,
    )
