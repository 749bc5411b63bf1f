"""Select lists that are made from the names of a row's fields, so that both always have the same order."""

from collections.abc import Iterable, Mapping

from psycopg.sql import SQL, Composable, Composed, Identifier


def select_list(alias: str, names: Iterable[str], expressions: Mapping[str, Composable] | None = None) -> Composed:
    """Return a column for each name, in this order: `alias.name`, or the expression given for the name."""
    given = expressions or {}
    return SQL(", ").join(given.get(name) or Identifier(alias, name) for name in names)
