"""Lists and searches of the catalog, in at most two statements.

The first statement also returns the integration, as its first row: a separate query would cost a tenth of a list.

Without a text the first statement reads names in order until a page is full. A text with an owner, such as
`owner/name`, is compared with all names in an index. For any other text the first statement reads the names that
begin with the text, in one range of an index. If the page is not full, the second statement ranks the repositories
that the hashes of the text find, and the repositories of owners whose names match.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from psycopg.sql import SQL, Composable

from adapters.postgres.connection.session import Session
from adapters.postgres.queries.trigrams import array, at_part, hash_name, hash_words, search_name
from adapters.postgres.rows.integrations import INTEGRATIONS, REPOSITORIES, decode_integration
from core.domain.catalog.repository import Repository
from core.domain.catalog.search import (
    FOUND_ANYWHERE,
    CatalogFilter,
    CatalogPosition,
    Rank,
    about_part,
    name_key,
    names_owner,
    rank,
)
from core.domain.identifiers import OrganizationId
from core.domain.integrations.integration import Integration

_PAGE = SQL("""
    SELECT {columns}
    FROM (
        SELECT row.id, row.rank, row.key, row.repo_id
        FROM ({ranked}) AS row
        WHERE (row.rank, row.key, row.repo_id) > (%(after_rank)s, %(after_key)s, %(after_id)s)
        ORDER BY row.rank, row.key, row.repo_id
        LIMIT %(limit)s
    ) AS page
    JOIN git_repositories AS r ON r.id = page.id
    ORDER BY page.rank, page.key, page.repo_id
""")
_NOTHING = SQL(", ").join([SQL("NULL")] * REPOSITORIES.width)
_INTEGRATION_AND_PAGE = SQL("""
    WITH found AS MATERIALIZED (
        SELECT i.id, json_build_array({of_integration})::text AS integration
        FROM git_integrations AS i
        WHERE i.organization_id = %(organization)s AND i.provider = %(provider)s
    )
    SELECT found.integration, {nothing}, 0 AS place
    FROM found
    UNION ALL
    SELECT NULL, {columns}, row_number() OVER (ORDER BY {order})
    FROM ({source}) AS page
    JOIN git_repositories AS r ON r.id = page.id
    ORDER BY place
""")
# Read from the index alone. Compared as a pair, so that a page starts in the index where the previous page ended.
# With a second ORDER BY outside, the planner would ignore the limit, and read and sort all names.
_ALL = SQL("""
    SELECT name.id, name.search_name AS key, name.repo_id, 0 AS rank
    FROM (
        SELECT id, search_name, repo_id, private, archived, fork FROM git_repositories
        WHERE git_integration_id = (SELECT found.id FROM found) AND removed_at IS NULL
            AND (search_name, repo_id) > (%(after_key)s, %(after_id)s)
        ORDER BY search_name, repo_id
    ) AS name
    WHERE {conditions}
    LIMIT %(limit)s
""")
# U+10FFFF sorts after every character of a name. Only one condition is a lower bound: of two, PostgreSQL may
# begin at the lower one. The upper bound is a subquery, so that the planner expects many names and walks the
# index whatever the statistics are: for one or two names it would read and sort all of them.
_BEGINNING = SQL("""
    SELECT name.id, name.search_key AS key, name.repo_id, 0 AS rank
    FROM (
        SELECT id, search_key, repo_id, private, archived, fork FROM git_repositories
        WHERE git_integration_id = (SELECT found.id FROM found) AND removed_at IS NULL
            AND (search_key, repo_id) > (%(begin_key)s, %(begin_id)s)
            AND search_key < (SELECT %(text)s || U&'\\+10FFFF')
        ORDER BY search_key, repo_id
    ) AS name
    WHERE {conditions}
    LIMIT %(limit)s
""")
_OF_WHOLE = SQL("""
    SELECT name.id, name.search_name AS key, name.repo_id,
        CASE
            WHEN starts_with(name.search_name, %(text)s) THEN 1
            WHEN name.search_name ~ %(at_part)s THEN 2
            ELSE 3
        END AS rank
    FROM (
        SELECT id, search_name, repo_id, private, archived, fork FROM git_repositories
        WHERE git_integration_id = (SELECT found.id FROM found) AND removed_at IS NULL
            AND (NOT %(is_long)s OR strpos(search_name, %(text)s) > 0)
    ) AS name
    WHERE {conditions} AND (%(is_long)s OR name.search_name ~ %(at_part)s)
""")
_FIRST_OF_WHOLE = SQL("""
    SELECT row.id, row.rank, row.key, row.repo_id
    FROM ({ranked}) AS row
    WHERE (row.rank, row.key, row.repo_id) > (%(after_rank)s, %(after_key)s, %(after_id)s)
    ORDER BY row.rank, row.key, row.repo_id
    LIMIT %(limit)s
""")
# OFFSET 0 hides the other conditions from the planner. Otherwise it would also read all names of the
# integration, which is unnecessary with the hashes.
_HASHED = SQL("""
    SELECT * FROM (
        SELECT id, search_key, search_about, repo_id, private, archived, fork, git_integration_id, removed_at
        FROM git_repositories
        WHERE search_grams @> %({grams})s::integer[]
        OFFSET 0
    ) AS candidate
    WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
""")
_NAMES = SQL("""
    SELECT id, search_key, repo_id, private, archived, fork FROM git_repositories
    WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
""")
_IN_NAME = SQL("""
    SELECT name.id, name.search_key AS key, name.repo_id,
        CASE WHEN split_part(name.search_key, E'\\x01', 1) ~ %(at_part)s THEN 2 ELSE 3 END AS rank
    FROM ({source}) AS name
    WHERE {conditions} AND {in_name}
        AND NOT starts_with(split_part(name.search_key, E'\\x01', 1), %(text)s)
""")
_NAME = SQL("split_part(name.search_key, E'\\x01', 1)")
_OWNER = SQL("split_part(name.search_key, E'\\x01', 2)")
# Usually there is one owner, so all repositories match or none does. The recursion skips from owner to owner.
_IN_OWNER = SQL("""
    SELECT name.id, name.search_key AS key, name.repo_id, 4 AS rank
    FROM (
        SELECT id, search_key, repo_id, private, archived, fork FROM git_repositories
        WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
            AND EXISTS (
                WITH RECURSIVE owner AS (
                    (
                        SELECT split_part(search_name, '/', 1) AS owner FROM git_repositories
                        WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
                        ORDER BY search_name LIMIT 1
                    )
                    UNION ALL
                    SELECT (
                        SELECT split_part(search_name, '/', 1) FROM git_repositories
                        WHERE git_integration_id = %(integration)s::bigint AND removed_at IS NULL
                            AND search_name >= owner.owner || '0'
                        ORDER BY search_name LIMIT 1
                    )
                    FROM owner WHERE owner.owner IS NOT NULL
                )
                SELECT FROM owner WHERE {in_any_owner}
            )
            AND (search_key, repo_id) > (%(after_owned_key)s, %(after_owned_id)s)
        ORDER BY search_key, repo_id
    ) AS name
    WHERE {conditions} AND {in_owner} AND NOT {in_name}
    LIMIT %(limit)s
""")
_ABOUT = SQL("""
    SELECT name.id, name.search_key AS key, name.repo_id, 5 AS rank
    FROM ({source}) AS name
    WHERE {conditions} AND strpos(' ' || name.search_about || ' ', %(about)s) > 0
        AND NOT {in_name} AND NOT {in_owner}
""")
_CONDITIONS: Mapping[str, Composable] = {
    "private": SQL("name.private = %(private)s"),
    "archived": SQL("name.archived = %(archived)s"),
    "fork": SQL("name.fork = %(fork)s"),
}
_ORDERS = {
    "all": SQL("page.key, page.repo_id"),
    "beginning": SQL("page.key, page.repo_id"),
    "whole": SQL("page.rank, page.key, page.repo_id"),
}


async def browse(
    session: Session,
    organization_id: OrganizationId,
    provider: str,
    where: CatalogFilter,
    *,
    limit: int,
    after: CatalogPosition | None,
) -> tuple[Integration, Sequence[Repository]] | None:
    """Return an organization's integration and at most `limit` rows that match, only those after a position."""
    text = search_name(where.text)
    filters = _to_filters(where)
    conditions = tuple(filters)
    kind = "all" if not text else "whole" if names_owner(text) else "beginning"
    after_rank = _find_rank(after, text) if text else 0
    # After the names that begin with the text the first statement has no more rows.
    is_past = kind == "beginning" and after_rank > Rank.NAME_BEGINS
    parameters: dict[str, object] = {
        **filters,
        "organization": organization_id,
        "provider": provider,
        "text": text,
        "at_part": at_part(text),
        "is_long": len(text) >= FOUND_ANYWHERE,
        "after_rank": after_rank,
        "after_key": _find_key(after, kind),
        "after_id": after.repo_id if after else "",
        **_find_start(after, text, after_rank),
        "limit": 0 if is_past else limit,
    }
    rows = await session.read(_render_first_page(kind, conditions), parameters)
    if not rows:
        return None
    integration = decode_integration(rows[0][0])
    repositories = REPOSITORIES.to_list(row[1:-1] for row in rows[1:])
    if kind == "beginning" and len(repositories) < limit:
        name, word = hash_name(integration.id, text), hash_words(integration.id, text)
        is_owned = after_rank == Rank.IN_OWNER
        parameters |= {
            "integration": integration.id,
            "name_grams": array(name),
            "word_grams": array(word),
            "about": about_part(text),
            "limit": limit - len(repositories),
            "after_rank": max(after_rank, Rank.NAME_BEGINS.value),
            # If the previous page ended among names that begin with the text, the other ranks start at their beginning.
            **({} if is_past else {"after_key": _LAST, "after_id": ""}),
            "after_owned_key": parameters["after_key"] if is_owned else "",
            "after_owned_id": parameters["after_id"] if is_owned else "",
        }
        parts = tuple(
            part
            for part, last in (("name", Rank.IN_NAME), ("owner", Rank.IN_OWNER), ("about", Rank.ABOUT))
            if after_rank <= last and (part != "about" or word)
        )
        statement = _render_other_ranks(parts, conditions, has_hashes=bool(name), is_long=len(text) >= FOUND_ANYWHERE)
        repositories += REPOSITORIES.to_list(await session.read(statement, parameters))
    return integration, repositories


def _find_start(after: CatalogPosition | None, text: str, after_rank: int) -> Mapping[str, str]:
    """Return the position from which to read the names that begin with a text."""
    if after is None or after_rank != Rank.NAME_BEGINS:
        return {"begin_key": text, "begin_id": ""}
    return {"begin_key": name_key(search_name(after.full_name)), "begin_id": after.repo_id}


# After every key of a rank.
_LAST = "\U0010ffff"


def _find_rank(after: CatalogPosition | None, text: str) -> int:
    """Return the rank of the row that a page ended with: the last one where its name does not match."""
    return 0 if after is None else rank(text, after.full_name, "") or Rank.ABOUT


def _find_key(after: CatalogPosition | None, kind: str) -> str:
    if after is None:
        return ""
    return name_key(search_name(after.full_name)) if kind == "beginning" else search_name(after.full_name)


@cache
def _render_first_page(kind: str, conditions: tuple[str, ...]) -> str:
    """Return the statement that finds the integration and the first rows of a kind."""
    condition = _join_conditions(conditions)
    source = {"all": _ALL, "beginning": _BEGINNING, "whole": _OF_WHOLE}[kind].format(conditions=condition)
    if kind == "whole":
        source = _FIRST_OF_WHOLE.format(ranked=source)
    return _INTEGRATION_AND_PAGE.format(
        of_integration=INTEGRATIONS.columns,
        nothing=_NOTHING,
        columns=REPOSITORIES.columns,
        source=source,
        order=_ORDERS[kind],
    ).as_string()


@cache
def _render_other_ranks(parts: tuple[str, ...], conditions: tuple[str, ...], *, has_hashes: bool, is_long: bool) -> str:
    """Return the statement that ranks what does not begin with the text."""
    condition = _join_conditions(conditions)
    in_name, in_owner = _render_match(_NAME, is_long=is_long), _render_match(_OWNER, is_long=is_long)
    owner = SQL("owner.owner")
    statements = {
        "name": _IN_NAME.format(
            source=_HASHED.format(grams=SQL("name_grams")) if has_hashes else _NAMES,
            conditions=condition,
            in_name=in_name,
        ),
        "owner": _IN_OWNER.format(
            conditions=condition, in_any_owner=_render_match(owner, is_long=is_long), in_owner=in_owner, in_name=in_name
        ),
        "about": _ABOUT.format(
            source=_HASHED.format(grams=SQL("word_grams")), conditions=condition, in_name=in_name, in_owner=in_owner
        ),
    }
    ranked = SQL(" UNION ALL ").join([SQL("({})").format(statements[part]) for part in parts])
    return _PAGE.format(columns=REPOSITORIES.columns, ranked=ranked).as_string()


def _render_match(name: Composable, *, is_long: bool) -> Composable:
    text = "strpos({name}, %(text)s) > 0" if is_long else "{name} ~ %(at_part)s"
    return SQL("({})").format(SQL(text).format(name=name))


def _join_conditions(conditions: tuple[str, ...]) -> Composable:
    return SQL(" AND ").join([_CONDITIONS[name] for name in conditions] or [SQL("TRUE")])


def _to_filters(where: CatalogFilter) -> Mapping[str, object]:
    """Return the values to compare with, by the name of the condition."""
    values = {"private": where.private, "archived": where.archived, "fork": where.fork}
    return {name: value for name, value in values.items() if value is not None}
