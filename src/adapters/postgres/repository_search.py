"""How the catalog is listed and searched: by two statements at most, whatever is sought.

The first also finds the integration whose catalog it is, as one more row: asking for it by itself would be a
tenth of what a list costs.

What is common is found soonest by walking along the names until a page is full, and what is rare by its
trigrams; which of the two it is, nobody knows beforehand. So first a walk of a bounded length, and only where
that filled no page the trigrams: what they find then is little, or the walk would have met more of it.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from psycopg.sql import SQL, Composable

from adapters.postgres.integration_rows import COLUMNS as OF_INTEGRATION
from adapters.postgres.integration_rows import integration_told
from adapters.postgres.repository_rows import COLUMNS, repository
from adapters.postgres.search import array, at_part, is_indexed, search_name, sought_grams
from adapters.postgres.session import Session
from core.domain.catalog_search import FOUND_ANYWHERE, CatalogFilter, CatalogPlace
from core.domain.identifiers import OrganizationId
from core.domain.integrations import Integration
from core.domain.repositories import Repository

_PAGE = SQL("""
    SELECT {columns}
    FROM ({taken}) AS page
    JOIN git_repositories AS r ON r.id = page.id
    ORDER BY page.search_name, page.repo_id
""")
_NOTHING = SQL(", ").join([SQL("NULL")] * COLUMNS.as_string().count("r."))
_TAKEN = SQL("""
        SELECT name.id, name.search_name, name.repo_id
        FROM ({names}) AS name
        WHERE {conditions}
        {ordered}
        LIMIT %(limit)s
""")
_INTEGRATION_AND_PAGE = SQL("""
    WITH found AS MATERIALIZED (
        SELECT i.id, json_build_array({of_integration})::text AS told
        FROM git_integrations AS i
        WHERE i.organization_id = %(organization)s AND i.provider = %(provider)s
    )
    SELECT found.told, {nothing}, 0 AS place
    FROM found
    UNION ALL
    SELECT NULL, {columns}, row_number() OVER (ORDER BY page.search_name, page.repo_id)
    FROM ({taken}) AS page
    JOIN git_repositories AS r ON r.id = page.id
    ORDER BY place
""")
# Read from the index alone. Compared as a pair, so that a page begins in the index where the last one ended.
_NAMES = SQL("""
    SELECT id, search_name, repo_id, private, archived, fork FROM git_repositories
    WHERE git_integration_id = {integration} AND removed_at IS NULL
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
_FOUND = SQL("(SELECT found.id FROM found)")
# About a millisecond's walk.
_NEXT = SQL(" LIMIT 5000")
_SOURCES: Mapping[str, Composable] = {
    "all": _NAMES.format(integration=_FOUND),
    "next": _NAMES.format(integration=_FOUND) + _NEXT,
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


async def browse(
    session: Session,
    organization_id: OrganizationId,
    provider: str,
    where: CatalogFilter,
    *,
    limit: int,
    after: CatalogPlace | None,
) -> tuple[Integration, Sequence[Repository]] | None:
    """Return an organization's integration and at most `limit` rows that match, those after a place only."""
    sought = search_name(where.text)
    wanted = _wanted(where, sought)
    conditions = tuple(wanted)
    parameters: dict[str, object] = {
        **wanted,
        "organization": organization_id,
        "provider": provider,
        "after_name": search_name(after.full_name) if after else "",
        "after_id": after.repo_id if after else "",
        "limit": limit,
    }
    has_hashes = is_indexed(sought)
    rows = await session.read(_first("next" if has_hashes else "all", conditions), parameters)
    if not rows:
        return None
    integration = integration_told(rows[0][0])
    if has_hashes and len(rows) <= limit:
        parameters["integration"] = integration.id
        parameters["grams"] = array(sought_grams(integration.id, sought))
        found = await session.read(_candidates(conditions), parameters)
        return integration, [repository(row) for row in found]
    return integration, [repository(row[1:-1]) for row in rows[1:]]


@cache
def _first(source: str, conditions: tuple[str, ...]) -> str:
    """Return the statement that finds the integration and walks along its names."""
    return _INTEGRATION_AND_PAGE.format(
        of_integration=OF_INTEGRATION, nothing=_NOTHING, columns=COLUMNS, taken=_taken(source, conditions)
    ).as_string()


@cache
def _candidates(conditions: tuple[str, ...]) -> str:
    """Return the statement that looks among what has all the trigrams."""
    return _PAGE.format(columns=COLUMNS, taken=_taken("candidates", conditions)).as_string()


def _taken(source: str, conditions: tuple[str, ...]) -> Composable:
    return _TAKEN.format(
        names=_SOURCES[source],
        conditions=SQL(" AND ").join([_CONDITIONS[name] for name in conditions] or [SQL("TRUE")]),
        ordered=_ORDERED if source == "candidates" else SQL(""),
    )


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
