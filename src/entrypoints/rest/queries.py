"""Query parameters as typed values. What is not understood is refused by name, so that no typo is ignored."""

import re
from datetime import datetime
from typing import Annotated, TypeVar, get_type_hints

import msgspec
from msgspec import Meta
from starlette.requests import Request

from core.domain.errors import FieldError
from entrypoints.query_refusals import QueryRefused

# Each says in its description what a caller should give instead.
Limit = Annotated[int, Meta(ge=1, le=100, description="a whole number from 1 to 100")]
Cursor = Annotated[str, Meta(max_length=1024, description="a next_cursor of this list")]
Flag = Annotated[bool, Meta(description="true or false")]
Choice = Annotated[bool | None, Meta(description="true or false")]
PathWish = Annotated[str, Meta(max_length=2048, description="a path here")]
Moment = Annotated[
    Annotated[datetime, Meta(tz=True)] | None,
    Meta(description="a time with its offset, such as 2026-11-23T12:00:00Z (a + is written %2B)"),
]
Sought = Annotated[str, Meta(max_length=256, description="a text of at most 256 characters")]


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parameters of one route, each with a default."""


class NoQuery(Query, frozen=True):
    """Of a route that takes none."""


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
    return query_refused(name, f"Give {meta.description}.")
