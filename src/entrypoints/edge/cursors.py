"""Cursors of lists: where the next page starts, as a text that callers pass back unchanged."""

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec

T = TypeVar("T")

RowId = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class RowCursor(msgspec.Struct, frozen=True, array_like=True):
    """A position in a list that is sorted by the ids of its rows."""

    id: RowId


class ListCursorInvalid(ValueError):
    """The text is not a cursor of this list."""


def encode_cursor(position: object | None) -> str | None:
    """Return a position in a list as text; None if there is no next page."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).rstrip(b"=").decode()


def encode_row_cursor(row_id: int | None) -> str | None:
    """Return a position in a list that is sorted by row ids as text; None if there is no next page."""
    return encode_cursor(None if row_id is None else RowCursor(row_id))


def decode_cursor(text: str, position_type: type[T]) -> T | None:
    """Return the position that a text stands for, None if the text is empty; raises `ListCursorInvalid`."""
    if not text:
        return None
    try:
        json = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(json, type=position_type)
    except (binascii.Error, ValueError):
        raise ListCursorInvalid("the cursor does not belong to this list") from None
