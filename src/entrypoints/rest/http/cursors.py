"""Where a following page begins, in a form that callers hand back and do not read."""

from typing import TypeVar

from entrypoints.edge.cursors import PlaceRefused, RowPlace, decode_place, encode_place
from entrypoints.rest.http.queries import CURSOR_HINT, query_refused

T = TypeVar("T")

__all__ = ["RowPlace", "decode_cursor", "encode_cursor"]

encode_cursor = encode_place


def decode_cursor(cursor: str, form: type[T]) -> T | None:
    """Return the place a cursor tells, None for no cursor; raises `QueryRefused` for what is none."""
    try:
        return decode_place(cursor, form)
    except PlaceRefused:
        raise query_refused("cursor", CURSOR_HINT) from None
