"""Convert request fields to typed values. An invalid value is rejected with the name of its field."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from core.domain.errors import FieldError
from core.domain.idempotency import IdempotencyKey, idempotency_key
from entrypoints.edge.calls import DEFAULT_PROVIDER, QueryInvalid
from entrypoints.edge.cursors import ListCursorInvalid, RowCursor, decode_cursor

T = TypeVar("T")
R = TypeVar("R")

DEFAULT_PAGE, LARGEST_PAGE = 50, 100

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LONGEST_NAME = 64
_LONGEST_QUERY = 256
_LONGEST_PLACE = 1024


def invalid_field(field: str, message: str) -> QueryInvalid:
    """Return the error for one invalid field."""
    return QueryInvalid(f"Invalid value for `{field}`.", fields=[FieldError(field, message)])


def read_id(value: str, field: str) -> UUID:
    """Return a UUID of this service or of crewkit."""
    if not _UUID.fullmatch(value):
        raise invalid_field(field, "Must be a UUID.")
    return UUID(value)


def read_text(value: str, field: str, *, most: int, least: int = 0) -> str:
    """Return a text of `least` to `most` characters. NUL is rejected, because PostgreSQL cannot store it."""
    if not least <= len(value) <= most or "\x00" in value:
        raise invalid_field(field, f"Must have {least} to {most} characters and no NUL character.")
    return value


def read_name(value: str, field: str) -> str:
    """Return a provider's name or an id that a provider assigned."""
    return read_text(value, field, most=_LONGEST_NAME, least=1)


def read_provider(value: str) -> str:
    """Return the provider's name; if empty, the default provider."""
    return read_name(value, "provider") if value else DEFAULT_PROVIDER


def read_ref(value: str, field: str) -> str:
    """Return a branch, a tag or a commit hash."""
    return read_text(value, field, most=_LONGEST_QUERY, least=1)


def read_query(value: str) -> str:
    """Return the search text without surrounding spaces."""
    return read_text(value, "query", most=_LONGEST_QUERY).strip()


def read_time(value: Timestamp, field: str) -> datetime:
    """Return a time. A `Timestamp` can hold values that Python's calendar does not have."""
    try:
        return value.ToDatetime(UTC)
    except (ValueError, OverflowError):
        raise invalid_field(field, "Must be a time in the years 1 to 9999.") from None


def read_enum(value: int, field: str, values: Mapping[T, int]) -> T | None:
    """Return the domain's value for a value of a protobuf enum, or None if it is unspecified."""
    if value == 0:
        return None
    for domain_value, number in values.items():
        if number == value:
            return domain_value
    raise invalid_field(field, f"Must be a defined {field}, or unspecified for all.")


def read_request_id(value: str) -> IdempotencyKey | None:
    """Return the idempotency key, or None if it is empty; raises `IdempotencyKeyInvalid`."""
    return idempotency_key(value) if value else None


def read_page_size(
    value: int, *, most: int = LARGEST_PAGE, default: int = DEFAULT_PAGE, field: str = "page_size"
) -> int:
    """Return the maximum number of results; 0 means `default`."""
    if not 0 <= value <= most:
        raise invalid_field(field, f"Must be from 1 to {most}, or 0 for the default of {default}.")
    return value or default


def read_page_token(value: str, form: type[T]) -> T | None:
    """Return the position where the page starts, or None for the first page."""
    try:
        return decode_cursor(read_text(value, "page_token", most=_LONGEST_PLACE), form)
    except ListCursorInvalid:
        raise invalid_field(
            "page_token", "Pass the `next_page_token` of the previous response, or nothing for the first page."
        ) from None


def read_row_token(value: str, id_type: Callable[[int], R]) -> R | None:
    """Return the id of the row where the page starts, or None for the first page."""
    cursor = read_page_token(value, RowCursor)
    return id_type(cursor.id) if cursor else None
