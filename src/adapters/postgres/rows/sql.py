from collections.abc import Iterable, Mapping

from psycopg.sql import SQL, Composable, Identifier


def render(template: str, **parts: Composable) -> str:
    """Return a statement with its named parts filled in. The template is a constant of this program."""
    return SQL(template).format(**parts).as_string()


def select_list(alias: str, names: Iterable[str], expressions: Mapping[str, Composable] | None = None) -> Composable:
    """Return a column for each name, in this order: `alias.name`, or the expression for the name.

    The names are the fields of a row type, so that the row and the statement always have the same order.
    """
    expressions = expressions or {}
    return SQL(", ").join(expressions.get(name) or Identifier(alias, name) for name in names)
