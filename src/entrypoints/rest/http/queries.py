"""Query parameters as typed values. What is not understood is refused by name, so that no typo is ignored."""

import re
from datetime import datetime
from typing import Annotated, TypeVar, get_type_hints

import msgspec
from msgspec import Meta
from starlette.requests import Request

from core.domain.errors import FieldError
from entrypoints.edge.query_errors import QueryRefused

CURSOR_HINT = "Pass the `next_cursor` of the previous page, or nothing for the first page."

# The part of a description from "Pass" on is also the error message for an invalid value.
Limit = Annotated[
    int, Meta(ge=1, le=100, description="The maximum number of results per page. Pass an integer from 1 to 100.")
]
Cursor = Annotated[str, Meta(max_length=1024, description=f"Where the page starts. {CURSOR_HINT}")]
LocalPath = Annotated[
    str,
    Meta(
        max_length=2048,
        description="The page that the browser opens at the end of the flow. Pass a path of this service "
        "that starts with /.",
    ),
]
Moment = Annotated[
    Annotated[datetime, Meta(tz=True)] | None,
    Meta(
        description="Only events received at this time or later. Pass a time with its offset, such as "
        "2026-11-23T12:00:00Z. Write + as %2B."
    ),
]
SEARCH_HINT = "Pass a text of at most 256 characters."


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query parameters of one operation. Their descriptions are public."""


class NoQuery(Query, frozen=True):
    """The query of an operation without query parameters."""


Q = TypeVar("Q", bound=Query)

_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(.*)`$", re.DOTALL)
_DATE = re.compile(r"[0-9]{4}-")
_PLACE = re.compile(r" - at `\$\.(\w+)`$")


def read_query(request: Request, form: type[Q]) -> Q:
    """Return the request's query in this form; raises `QueryRefused`."""
    given = request.query_params.multi_items()
    values = dict(given)
    if len(values) < len(given):
        names = [name for name, _ in given]
        raise query_refused(
            next(name for name in names if names.count(name) > 1), "This name is repeated. Send it once."
        )
    try:
        # Everything in a query is text: numbers and truth values are read from it.
        read = msgspec.convert(values, form, strict=False)
    except msgspec.ValidationError as error:
        raise _explained(str(error), form) from None
    for name, text in values.items():
        value = getattr(read, name, name)
        # What may be left out would also be read from the text "null", and a time from a count of seconds.
        if value is None or (isinstance(value, datetime) and not _DATE.match(text)):
            raise _ill_formed(name, form)
    return read


def query_refused(name: str, message: str) -> QueryRefused:
    """Return the refusal of one parameter."""
    return QueryRefused(
        "A query parameter is not valid. Correct the listed parameter.", fields=[FieldError(name, message)]
    )


def _explained(message: str, form: type[Query]) -> QueryRefused:
    unknown = _UNKNOWN.match(message)
    if unknown:
        return query_refused(unknown[1], "Unknown parameter. Remove it.")
    missing = _MISSING.match(message)
    if missing:
        return _ill_formed(missing[1], form)
    place = _PLACE.search(message)
    assert place is not None  # the form is flat, and every value in it has a name
    return _ill_formed(place[1], form)


def _ill_formed(name: str, form: type[Query]) -> QueryRefused:
    meta = get_type_hints(form, include_extras=True)[name].__metadata__[0]
    hint = meta.description[meta.description.index("Pass ") :]
    return query_refused(name, hint)
