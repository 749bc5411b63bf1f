"""Where a following page begins, in a form that callers hand back and do not read."""

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec

T = TypeVar("T")

Row = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class RowPlace(msgspec.Struct, frozen=True, array_like=True):
    """A place in what is listed by the order in which it was written."""

    id: Row


class PlaceRefused(ValueError):
    """The text is no place in this list."""


def encode_place(place: object) -> str:
    """Return a place as text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def decode_place(text: str, form: type[T]) -> T | None:
    """Return the place a text tells, None for an empty one; raises `PlaceRefused` for what is none."""
    if not text:
        return None
    try:
        told = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(told, type=form)
    except (binascii.Error, ValueError):
        raise PlaceRefused("the cursor does not belong to this list") from None
