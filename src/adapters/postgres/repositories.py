from collections.abc import Callable, Collection, Sequence
from typing import Any

from psycopg.sql import SQL

from adapters.postgres.packed_arrays import Bigints, Booleans, Packed, Texts, Timestamps
from adapters.postgres.search import grams
from adapters.postgres.session import Row, Session
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.repositories import Repository
from ports.repositories import RepositoryStore

_COLUMNS = SQL("""
    r.git_integration_id, r.repo_id, r.full_name, r.url, r.private, r.archived, r.fork, r.default_branch,
    r.description, r.language, r.pushed_at, r.provider_updated_at, r.removed_at
""")
_FIND_MANY = (
    SQL("""
    SELECT {columns}
    FROM unnest(%s::bigint[], %s::text[]) AS wanted (git_integration_id, repo_id)
    JOIN git_repositories AS r
        ON r.git_integration_id = wanted.git_integration_id AND r.repo_id = wanted.repo_id
    """)
    .format(columns=_COLUMNS)
    .as_string()
)
_OF_INTEGRATION = (
    SQL("SELECT {columns} FROM git_repositories AS r WHERE r.git_integration_id = %s")
    .format(columns=_COLUMNS)
    .as_string()
)
_SAVE = """
    INSERT INTO git_repositories AS r (
        git_integration_id, repo_id, full_name, url, private, archived, fork, default_branch, description,
        language, pushed_at, provider_updated_at, removed_at, search_grams
    )
    SELECT git_integration_id, repo_id, full_name, url, private, archived, fork, default_branch, description,
        language, pushed_at, provider_updated_at, removed_at, search_grams::integer[]
    FROM unnest(
        %s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::boolean[],
        %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
        %s::text[]
    ) AS saved (
        git_integration_id, repo_id, full_name, url, private, archived, fork, default_branch, description,
        language, pushed_at, provider_updated_at, removed_at, search_grams
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
        search_grams = excluded.search_grams,
        updated_at = now()
"""

_ARRAYS: tuple[Callable[[Sequence[Any]], Packed], ...] = (
    *(Bigints, Texts, Texts, Texts, Booleans, Booleans, Booleans, Texts, Texts, Texts),
    *(Timestamps, Timestamps, Timestamps, Texts),
)


class PostgresRepositoryStore(RepositoryStore):
    """The table `git_repositories`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""
        wanted = set(keys)
        parameters = (Bigints([key[0] for key in wanted]), Texts([key[1] for key in wanted]))
        return [_repository(row) for row in await self._session.read(_FIND_MANY, parameters)]

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""
        rows = await self._session.read(_OF_INTEGRATION, (integration_id,))
        return [_repository(row) for row in rows]

    async def save(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, in the order of their keys so that two writers never deadlock."""
        last = {(repository.integration_id, repository.repo_id): repository for repository in repositories}
        if not last:
            return
        rows = [_row(last[key]) for key in sorted(last)]
        columns = zip(_ARRAYS, zip(*rows, strict=True), strict=True)
        await self._session.change(_SAVE, [array(column) for array, column in columns])


def _row(repository: Repository) -> Row:
    found = grams(repository.integration_id, repository.full_name)
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
        f"{{{','.join(map(str, found))}}}",
    )


def _repository(row: Row) -> Repository:
    return Repository(
        integration_id=row[0],
        repo_id=row[1],
        full_name=row[2],
        url=row[3],
        private=row[4],
        archived=row[5],
        fork=row[6],
        default_branch=row[7],
        description=row[8],
        language=row[9],
        pushed_at=row[10],
        provider_updated_at=row[11],
        removed_at=row[12],
    )
