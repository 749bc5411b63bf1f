"""Statements whose parts are filled in when the module is loaded, or once for each set of conditions."""

from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Identifier


def render(template: str, **parts: Composable) -> str:
    """Return a statement with its named parts filled in. The template is a constant of this program."""
    return SQL(template).format(**parts).as_string()


def render_for_table(template: str, table: str, columns: Sequence[str] = ()) -> str:
    """Return a statement with its `{table}` and `{columns}` filled in."""
    names = SQL(", ").join(map(Identifier, columns))
    return render(template, table=Identifier(table), columns=names)
