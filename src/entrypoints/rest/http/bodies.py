import json
import re
from http import HTTPStatus
from typing import TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from core.domain.errors import DomainError, ErrorKind, FieldError

# No request of ours but a delivery needs as much.
LARGEST = 64 * 1024

T = TypeVar("T", bound=msgspec.Struct)

_NOT_OF_THE_FORM = "The request body has invalid fields. Correct the listed fields."
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_FIELD = re.compile(r"^Object (?:contains unknown|missing required) field `(.*)`$", re.DOTALL)


class JsonRefused(DomainError):
    """The request body is not valid JSON, or a field is missing, unknown or not valid.

    Correct the fields listed in the error.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "body_invalid"


async def read_json(request: Request, form: type[T]) -> T:
    """Return the request's JSON body in this form; raises `JsonRefused`.

    Forms forbid unknown fields: a typo that is ignored looks like success.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The content type is not supported here. Send application/json."
        )
    body = await read_body(request)
    # PostgreSQL keeps no text with this character, and nobody means it.
    if _NUL.search(body):
        raise JsonRefused("The body contains the character \\u0000. Remove it.")
    try:
        read = msgspec.json.decode(body, type=form)
        json.loads(body, object_pairs_hook=_without_doubles, parse_int=str, parse_float=str)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise JsonRefused("The request body is not valid JSON. Send one JSON object in UTF-8.") from None
    return read


async def read_body(request: Request, *, limit: int = LARGEST) -> bytes:
    """Return the body, of at most `limit` bytes; a longer one is refused with 413 before it is all read.

    The framework's own limit answers in another form than all our errors have.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return bytes(body)


def _without_doubles(pairs: list[tuple[str, object]]) -> None:
    """Refuse a name given twice: of the two, others on the way may have looked at the one we do not."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise JsonRefused(_NOT_OF_THE_FORM, fields=[FieldError(double, "This name is repeated. Send it once.")])


def _explained(message: str) -> JsonRefused:
    """Say which field it is; msgspec names the object a field is missing from, or unknown in."""
    place = _PLACE.search(message)
    path = [place[1]] if place and place[1] else []
    text = _PLACE.sub("", message)
    named = _FIELD.match(text)
    if named:
        path.append(named[1])
        text = "Unknown field. Remove it." if "unknown" in text else "This field is required."
    return JsonRefused(_NOT_OF_THE_FORM, fields=[FieldError(".".join(path) or "body", text)])
