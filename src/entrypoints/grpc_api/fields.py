"""Fields of requests as typed values. What is not understood is refused by name."""

import re
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from core.domain.errors import FieldError
from core.domain.idempotency import IdempotencyKey, idempotency_key
from entrypoints.places import PlaceRefused, decode_place
from entrypoints.query_refusals import QueryRefused

T = TypeVar("T")

DEFAULT_PAGE, LARGEST_PAGE = 50, 100
PROVIDER = "github"

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST_NAME = 64
_LONGEST_QUERY = 256
_LONGEST_PLACE = 1024


def refused(field: str, message: str) -> QueryRefused:
    """Return the refusal of one field."""
    return QueryRefused(f"`{field}` is not understood.", fields=[FieldError(field, message)])


def read_id(value: str, field: str) -> UUID:
    """Return one of our ids."""
    if not _UUID.fullmatch(value):
        raise refused(field, "Give a UUID.")
    return UUID(value)


def read_text(value: str, field: str, *, most: int, least: int = 0) -> str:
    """Return a text of this length; PostgreSQL keeps no NUL, and nobody means it."""
    if not least <= len(value) <= most or "\x00" in value:
        raise refused(field, f"Give a text of {least} to {most} characters.")
    return value


def read_name(value: str, field: str) -> str:
    """Return a provider's name, or its own id of something."""
    return read_text(value, field, most=_LONGEST_NAME, least=1)


def read_provider(value: str) -> str:
    """Return the provider, of which there is one so far."""
    return read_name(value, "provider") if value else PROVIDER


def read_query(value: str) -> str:
    """Return what is sought."""
    return read_text(value, "query", most=_LONGEST_QUERY).strip()


def read_time(value: Timestamp, field: str) -> datetime:
    """Return a time; a message can hold some that no calendar has."""
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise refused(field, "Give a time of the years 1 to 9999.") from None


def read_request_id(value: str) -> IdempotencyKey | None:
    """Return what tells this request from others; raises `IdempotencyKeyInvalid`."""
    return idempotency_key(value) if value else None


def read_page_size(value: int, *, most: int = LARGEST_PAGE, default: int = DEFAULT_PAGE) -> int:
    """Return how many are wanted at most; 0 leaves it to us."""
    if not 0 <= value <= most:
        raise refused("page_size", f"Give a whole number from 1 to {most}, or 0 for {default}.")
    return value or default


def read_page_token(value: str, form: type[T]) -> T | None:
    """Return where the page begins."""
    try:
        return decode_place(read_text(value, "page_token", most=_LONGEST_PLACE), form)
    except PlaceRefused:
        raise refused("page_token", "Give a next_page_token of this list, or none to begin.") from None
