"""Where a following page begins, in a form that callers hand back and do not read."""

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec

from entrypoints.rest.queries import query_refused

T = TypeVar("T")


class RowPlace(msgspec.Struct, frozen=True, array_like=True):
    """A place in what is listed by the order in which it was written."""

    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


def encode_cursor(place: object) -> str:
    """Return a place as a cursor."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def decode_cursor(cursor: str, form: type[T]) -> T | None:
    """Return the place a cursor tells, None for no cursor; raises `QueryRefused` for what is none."""
    if not cursor:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(text, type=form)
    except (binascii.Error, ValueError):
        raise query_refused("cursor", "Give a next_cursor of this list, or none to begin.") from None
