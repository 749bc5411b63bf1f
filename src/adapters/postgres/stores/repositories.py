from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from psycopg.sql import SQL

from adapters.postgres.connection.line import Row
from adapters.postgres.connection.packed_arrays import Bigints, Booleans, Packed, Texts, Timestamps
from adapters.postgres.connection.session import Session
from adapters.postgres.queries import repositories as repository_search
from adapters.postgres.queries.trigrams import search_name, stored_grams, text_array
from adapters.postgres.rows.codec import storable
from adapters.postgres.rows.repositories import COLUMNS, repository
from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPlace, about
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.integrations.integration import Integration
from ports.repositories import RepositoryStore

_FIND_MANY = (
    SQL("""
    SELECT {columns}
    FROM unnest(%s::bigint[], %s::text[]) AS wanted (git_integration_id, repo_id)
    JOIN git_repositories AS r
        ON r.git_integration_id = wanted.git_integration_id AND r.repo_id = wanted.repo_id
    """)
    .format(columns=COLUMNS)
    .as_string()
)
_FIND_NAMED = (
    SQL("""
    SELECT {columns}
    FROM unnest(%s::bigint[], %s::text[]) AS wanted (git_integration_id, search_name)
    JOIN git_repositories AS r
        ON r.git_integration_id = wanted.git_integration_id AND r.search_name = wanted.search_name
        AND r.removed_at IS NULL
    """)
    .format(columns=COLUMNS)
    .as_string()
)
_OF_INTEGRATION = (
    SQL("SELECT {columns} FROM git_repositories AS r WHERE r.git_integration_id = %s")
    .format(columns=COLUMNS)
    .as_string()
)
_UNLISTED = (
    SQL("""
    SELECT {columns} FROM git_repositories AS r
    WHERE r.git_integration_id = %s AND r.removed_at IS NULL
        AND NOT EXISTS (SELECT FROM unnest(%s::text[]) AS listed (repo_id) WHERE listed.repo_id = r.repo_id)
    LIMIT %s
    """)
    .format(columns=COLUMNS)
    .as_string()
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
_SAVE_UNLESS_WRITTEN = f"{_SAVE} WHERE r.updated_at < %s RETURNING r.git_integration_id, r.repo_id"

_ARRAYS: tuple[Callable[[Sequence[Any]], Packed], ...] = (
    *(Bigints, Texts, Texts, Texts, Booleans, Booleans, Booleans, Texts, Texts, Texts),
    *(Timestamps, Timestamps, Timestamps, Texts, Texts, Texts, Texts, Texts),
)


class PostgresRepositoryStore(RepositoryStore):
    """The table `git_repositories`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""
        wanted = set(keys)
        parameters = (Bigints([key[0] for key in wanted]), Texts([key[1] for key in wanted]))
        return [repository(row) for row in await self._session.read(_FIND_MANY, parameters)]

    async def find_named(self, names: Collection[tuple[IntegrationId, str]]) -> Sequence[Repository]:
        """Return the rows that have these full names, without regard to case; no removed ones."""
        wanted = {(integration_id, search_name(name)) for integration_id, name in names}
        parameters = (Bigints([one[0] for one in wanted]), Texts([one[1] for one in wanted]))
        return [repository(row) for row in await self._session.read(_FIND_NAMED, parameters)]

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""
        rows = await self._session.read(_OF_INTEGRATION, (integration_id,))
        return [repository(row) for row in rows]

    async def browse(
        self,
        organization_id: OrganizationId,
        provider: str,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPlace | None = None,
    ) -> tuple[Integration, Sequence[Repository]] | None:
        """Return an integration and at most `limit` rows that match, by name, those after a place only."""
        return await repository_search.browse(
            self._session, organization_id, provider, where, limit=limit, after=after
        )

    async def save(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, in the order of their keys so that two writers never deadlock."""
        if repositories:
            await self._session.change(_SAVE, _parameters(repositories))

    async def save_unless_written_since(
        self, time: datetime, repositories: Sequence[Repository]
    ) -> Collection[tuple[IntegrationId, RepoId]]:
        """Write these rows but what was written at this time or after; return the keys written."""
        if not repositories:
            return set()
        rows = await self._session.write(_SAVE_UNLESS_WRITTEN, [*_parameters(repositories), time])
        return {(integration_id, repo_id) for integration_id, repo_id in rows}

    async def unlisted(
        self, integration_id: IntegrationId, listed: Collection[RepoId], *, limit: int
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that are not removed and not among the listed."""
        rows = await self._session.read(_UNLISTED, (integration_id, Texts(list(listed)), limit))
        return [repository(row) for row in rows]


def _parameters(repositories: Sequence[Repository]) -> list[Packed]:
    last = {(row.integration_id, row.repo_id): row for row in repositories}
    rows = [_row(last[key]) for key in sorted(last)]
    columns = zip(_ARRAYS, zip(*rows, strict=True), strict=True)
    return [array(column) for array, column in columns]


def _row(repository: Repository) -> Row:
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
        stored_grams(repository.integration_id, repository.full_name, about_words),
        None if repository.topics is None else text_array(repository.topics),
        about_words,
    )
