"""How the catalog is listed and searched: by two statements at most, whatever is sought.

What is common is found soonest by walking along the names until a page is full, and what is rare by its
trigrams; which of the two it is, nobody knows beforehand. So first a walk of a bounded length, and only where
that filled no page the trigrams: what they find then is little, or the walk would have met more of it.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from psycopg.sql import SQL, Composable

from adapters.postgres.repository_rows import COLUMNS, repository
from adapters.postgres.search import array, at_part, search_name, sought_grams
from adapters.postgres.session import Session
from core.domain.catalog_search import FOUND_ANYWHERE, CatalogFilter, CatalogPlace
from core.domain.identifiers import IntegrationId
from core.domain.repositories import Repository

_PAGE = SQL("""
    SELECT {columns}
    FROM (
        SELECT name.id, name.search_name, name.repo_id
        FROM ({names}) AS name
        WHERE {conditions}
        {ordered}
        LIMIT %(limit)s
    ) AS page
    JOIN git_repositories AS r ON r.id = page.id
    ORDER BY page.search_name, page.repo_id
""")
# Read from the index alone. Compared as a pair, so that a page begins in the index where the last one ended.
_NAMES = SQL("""
    SELECT id, search_name, repo_id, private, archived, fork FROM git_repositories
    WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
        AND (search_name, repo_id) > (%(after_name)s, %(after_id)s)
    ORDER BY search_name, repo_id
""")
# Left to itself the planner would also read every name of the integration, which the hashes make needless:
# OFFSET 0 keeps the other conditions out of its sight.
_CANDIDATES = SQL("""
    SELECT * FROM (
        SELECT id, search_name, repo_id, private, archived, fork, git_integration_id, removed_at
        FROM git_repositories
        WHERE search_grams @> %(grams)s::integer[]
        OFFSET 0
    ) AS candidate
    WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
        AND (search_name, repo_id) > (%(after_name)s, %(after_id)s)
""")
_SOURCES: Mapping[str, Composable] = {
    "all": _NAMES,
    # About a millisecond's walk.
    "next": SQL("{names} LIMIT 5000").format(names=_NAMES),
    "candidates": _CANDIDATES,
}
# Candidates alone: a scan of the others keeps the order they come in. Were it asked for again, the planner
# would take no account of the limit, and rather read and sort all names than walk along a few.
_ORDERED = SQL("ORDER BY name.search_name, name.repo_id")
_CONDITIONS = {
    "anywhere": SQL("strpos(name.search_name, %(anywhere)s) > 0"),
    "at_part": SQL("name.search_name ~ %(at_part)s"),
    "private": SQL("name.private = %(private)s"),
    "archived": SQL("name.archived = %(archived)s"),
    "fork": SQL("name.fork = %(fork)s"),
}


async def search(
    session: Session,
    integration_id: IntegrationId,
    where: CatalogFilter,
    *,
    limit: int,
    after: CatalogPlace | None,
) -> Sequence[Repository]:
    """Return at most `limit` rows that match, by name, those after a place only."""
    sought = search_name(where.text)
    wanted = _wanted(where, sought)
    conditions = tuple(wanted)
    hashes = sought_grams(integration_id, sought) if sought else ()
    parameters: dict[str, object] = {
        **wanted,
        "integration": integration_id,
        "after_name": search_name(after.full_name) if after else "",
        "after_id": after.repo_id if after else "",
        "limit": limit,
    }
    found = await session.read(page("next" if hashes else "all", conditions), parameters)
    if hashes and len(found) < limit:
        parameters["grams"] = array(hashes)
        found = await session.read(page("candidates", conditions), parameters)
    return [repository(row) for row in found]


@cache
def page(source: str, conditions: tuple[str, ...]) -> str:
    """Return the statement that takes a page of names from this source, those that meet the conditions."""
    met = [_CONDITIONS[name] for name in conditions] or [SQL("TRUE")]
    return _PAGE.format(
        columns=COLUMNS,
        names=_SOURCES[source],
        conditions=SQL(" AND ").join(met),
        ordered=_ORDERED if source == "candidates" else SQL(""),
    ).as_string()


def _wanted(where: CatalogFilter, sought: str) -> Mapping[str, object]:
    """Return the conditions to be met, each with the value it compares with."""
    given = {
        "anywhere": sought if len(sought) >= FOUND_ANYWHERE else None,
        "at_part": at_part(sought) if 0 < len(sought) < FOUND_ANYWHERE else None,
        "private": where.private,
        "archived": where.archived,
        "fork": where.fork,
    }
    return {name: value for name, value in given.items() if value is not None}
