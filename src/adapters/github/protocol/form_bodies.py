"""The JSON text of a delivery that GitHub sends as a form.

`urllib.parse.parse_qsl` needs many times the memory of a form of escapes, so a value is decoded in pieces.
https://docs.github.com/webhooks/using-webhooks/creating-webhooks (content type)
https://url.spec.whatwg.org/#urlencoded-parsing
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import unquote_to_bytes

from core.domain.deliveries.delivery import BodyRefused

_MAX_FIELDS = 16
_PAYLOAD = b"payload"
_MAX_NAME = len(_PAYLOAD) * len(b"%70")
_PIECE = 16 * 1024
_INVALID_ESCAPE = re.compile(rb"%(?![0-9a-fA-F]{2})")
_OBJECT = re.compile(rb"\s*+\{")


def extract_json(body: bytes) -> bytes:
    """Return the JSON text of a body: the body itself, or the form's first `payload` field.

    A JSON object begins with a brace and a form never does. Raises `BodyRefused`. Together with the body
    this needs at most twice the memory of the body.
    """
    if _OBJECT.match(body):
        return body
    if not body.isascii() or body.count(b"&") >= _MAX_FIELDS:
        raise BodyRefused("body_not_a_form")
    for start, end in _find_fields(body):
        name_end = body.find(b"=", start, end)
        if name_end < 0:
            name_end = end
        if name_end - start <= _MAX_NAME and _unquote(body[start:name_end]) == _PAYLOAD:
            return _decode_value(body, min(name_end + 1, end), end)
    raise BodyRefused("body_without_payload")


def require_utf8(text: bytes) -> None:
    """Raise `UnicodeDecodeError` if a text is not UTF-8, without keeping the decoded text."""
    if text.isascii():
        return
    decoder = getincrementaldecoder("utf-8")()
    for start in range(0, len(text), _PIECE):
        decoder.decode(text[start : start + _PIECE])
    decoder.decode(b"", final=True)


def _find_fields(form: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while start <= len(form):
        end = form.find(b"&", start)
        if end < 0:
            end = len(form)
        yield start, end
        start = end + 1


def _decode_value(form: bytes, start: int, end: int) -> bytes:
    with BytesIO() as text:
        while start < end:
            piece_end = _find_piece_end(form, start, end)
            text.write(_unquote(form[start:piece_end]))
            start = piece_end
        value = text.getvalue()
    try:
        require_utf8(value)
    except UnicodeDecodeError as error:
        raise BodyRefused("body_not_a_form") from error
    return value


def _find_piece_end(form: bytes, start: int, end: int) -> int:
    """Return where a piece ends so that no escape, which has three bytes, is split."""
    limit = start + _PIECE
    if limit >= end:
        return end
    escape = form.rfind(b"%", limit - 2, limit)
    return limit if escape < 0 else escape


def _unquote(text: bytes) -> bytes:
    # An invalid escape stands for itself. `unquote_to_bytes` is slow there, with an exception for each.
    return unquote_to_bytes(_INVALID_ESCAPE.sub(b"%25", text.replace(b"+", b" ")))
