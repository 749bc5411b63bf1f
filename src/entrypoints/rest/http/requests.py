"""Read requests: their id, query, cursor and JSON body. Invalid input is rejected by name, so that no typo is lost."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Annotated, TypeVar, get_type_hints
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta
from msgspec.structs import fields
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

from core.domain.errors import DomainError, ErrorKind, FieldError
from core.domain.idempotency import IdempotencyKey, IdempotencyKeyInvalid, idempotency_key
from entrypoints.edge.calls import QueryInvalid, new_request_id, parse_request_id
from entrypoints.edge.cursors import ListCursorInvalid, RowCursor, decode_cursor

REQUEST_ID_HEADER = b"x-request-id"
# Only webhook deliveries are larger.
MAX_BODY_BYTES = 64 * 1024

CURSOR_HINT = "Pass the `next_cursor` of the previous page, or nothing for the first page."
TIME_HINT = "Pass a time with its offset, such as 2026-11-23T12:00:00Z. Write + as %2B."
SEARCH_HINT = "Pass a text of at most 256 characters."

# The part of a description from "Pass" on is also the error message for an invalid value.
Limit = Annotated[
    int, Meta(ge=1, le=100, description="The maximum number of results per page. Pass an integer from 1 to 100.")
]
Cursor = Annotated[str, Meta(max_length=1024, description=f"Where the page starts. {CURSOR_HINT}")]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
LocalPath = Annotated[
    str,
    Meta(
        max_length=2048,
        description="The page that the browser opens at the end of the flow. Pass a path of this service "
        "that starts with /.",
    ),
]

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S", bound=msgspec.Struct)

_BODY_HINT = "The request body has invalid fields. Correct the listed fields."
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# The texts of msgspec's errors.
_WRONG_FIELD = re.compile(r"^Object (contains unknown|missing required) field `(.*)`$", re.DOTALL)
_PATH = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_MAX_FORM_FIELDS = 16
_DATE = re.compile(r"[0-9]{4}-")


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of one operation. Their descriptions are public."""


class NoQuery(Query, frozen=True):
    """The query of an operation without query parameters."""


class IgnoredQuery(Query, frozen=True, forbid_unknown_fields=False):
    """The query of a form that is posted to the URL of its page."""


Q = TypeVar("Q", bound=Query)


class BodyInvalid(DomainError):
    """The request body is not valid JSON, or a field is missing, unknown or not valid.

    Correct the fields listed in the error.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "body_invalid"


def request_id_of(scope: Scope) -> str:
    """Return the id that the caller sent if it is valid, or a new id. Each call returns the same id."""
    request_id: str | None = scope.get("request_id")
    if request_id is None:
        sent = next((value for name, value in scope["headers"] if name == REQUEST_ID_HEADER), b"")
        request_id = scope["request_id"] = parse_request_id(sent) or new_request_id()
    return request_id


def describe_filter(if_true: str, if_false: str) -> Meta:
    """Return the description of an optional boolean parameter that filters a list."""
    return Meta(description=f"`true`: only {if_true}. `false`: only {if_false}. Pass true or false.")


def read_query(request: Request, model: type[Q]) -> Q:
    """Return the query of the request; raises `QueryInvalid`."""
    # Most requests have no query, and `query_params` costs microseconds.
    items = request.query_params.multi_items() if request.scope["query_string"] else []
    values = dict(items)
    if len(values) < len(items):
        names = [name for name, _ in items]
        raise parameter_error(
            next(name for name in names if names.count(name) > 1), "This name is repeated. Send it once."
        )
    try:
        # All values in a query are texts: numbers and booleans are converted.
        query = msgspec.convert(values, model, strict=False)
    except msgspec.ValidationError as error:
        raise _explain_query_error(str(error), model) from None
    for name, text in values.items():
        value = getattr(query, _field_names(model).get(name, name), name)
        # msgspec also converts the text "null" to None, and a number of seconds to a time.
        if value is None or (isinstance(value, datetime) and not (_DATE.match(text) and _is_in_calendar(value))):
            raise _value_error(name, model)
    return query


def _is_in_calendar(time: datetime) -> bool:
    """Return whether the time exists in UTC, too: PostgreSQL stores times in UTC."""
    try:
        time.astimezone(UTC)
    except OverflowError:
        return False
    return True


def read_cursor(text: str, position_type: type[T]) -> T | None:
    """Return the position of a cursor, None without a cursor; raises `QueryInvalid`."""
    try:
        return decode_cursor(text, position_type)
    except ListCursorInvalid:
        raise parameter_error("cursor", CURSOR_HINT) from None


def read_row_cursor(text: str, id_type: Callable[[int], R]) -> R | None:
    """Return the id of the row of a cursor, None without a cursor; raises `QueryInvalid`."""
    cursor = read_cursor(text, RowCursor)
    return id_type(cursor.id) if cursor else None


def parameter_error(name: str, message: str) -> QueryInvalid:
    """Return the error for one parameter."""
    return QueryInvalid(
        "A query parameter is not valid. Correct the listed parameter.", fields=[FieldError(name, message)]
    )


async def read_json(request: Request, model: type[S]) -> S:
    """Return the JSON body of the request; raises `BodyInvalid`, or 413 or 415."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The content type is not supported here. Send application/json."
        )
    content = await read_body(request)
    # PostgreSQL cannot store this character.
    if _NUL.search(content):
        raise BodyInvalid("The body contains the character \\u0000. Remove it.")
    try:
        body = msgspec.json.decode(content, type=model)
        json.loads(content, object_pairs_hook=_require_distinct_names, parse_int=str, parse_float=str)
    except msgspec.ValidationError as error:
        raise _explain_body_error(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BodyInvalid("The request body is not valid JSON. Send one JSON object in UTF-8.") from None
    return body


async def read_body(request: Request, *, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body. A longer body is rejected with 413 before all of it is read.

    The framework's own limit does not respond with a problem.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)


async def read_form(request: Request, *, max_bytes: int) -> dict[str, str]:
    """Return the first value of each field of a form, or nothing if the form has too many fields."""
    body = await read_body(request, max_bytes=max_bytes)
    try:
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=_MAX_FORM_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def read_idempotency_key(request: Request) -> IdempotencyKey | None:
    """Return the idempotency key, None without one; raises `IdempotencyKeyInvalid`.

    https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
    """
    keys = request.headers.getlist("idempotency-key")
    if len(keys) > 1:
        raise IdempotencyKeyInvalid("Several idempotency keys were sent. Send one.")
    return idempotency_key(keys[0]) if keys else None


def takes_json(request: Request) -> bool:
    """Return whether the request is of a program, which opens a URL itself."""
    return request.headers.get("accept", "").partition(",")[0].strip() == "application/json"


def prefers_page(request: Request) -> bool:
    """Return whether the request is of a user's browser."""
    return "text/html" in request.headers.get("accept", "")


def _require_distinct_names(pairs: list[tuple[str, object]]) -> None:
    """Reject a repeated name: a proxy may have checked the value that this service ignores."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise BodyInvalid(_BODY_HINT, fields=[FieldError(repeated, "This name is repeated. Send it once.")])


def _explain_body_error(message: str) -> BodyInvalid:
    """Return the error with the path of the field. msgspec names the object that has the wrong field."""
    location = _PATH.search(message)
    path = [location[1]] if location and location[1] else []
    text = _PATH.sub("", message)
    wrong_field = _WRONG_FIELD.match(text)
    if wrong_field:
        path.append(wrong_field[2])
        text = "Unknown field. Remove it." if "unknown" in text else "This field is required."
    return BodyInvalid(_BODY_HINT, fields=[FieldError(".".join(path) or "body", text)])


def _explain_query_error(message: str, model: type[Query]) -> QueryInvalid:
    wrong_field = _WRONG_FIELD.match(message)
    if wrong_field is None:
        location = _PATH.search(message)
        assert location is not None  # a query is flat, and each value in it has a name
        return _value_error(location[1], model)
    if wrong_field[1] == "contains unknown":
        return parameter_error(wrong_field[2], "Unknown parameter. Remove it.")
    return _value_error(wrong_field[2], model)


@cache
def _field_names(model: type[Query]) -> Mapping[str, str]:
    """Return the name of the field of each parameter."""
    return {field.encode_name: field.name for field in fields(model)}


def _value_error(name: str, model: type[Query]) -> QueryInvalid:
    hint = get_type_hints(model, include_extras=True)[_field_names(model)[name]]
    description = hint.__metadata__[0].description
    return parameter_error(name, description[description.index("Pass ") :])
