r"""The JSON text of a webhook body: extracted from a form, and without lone surrogates.

`urllib.parse.parse_qsl` needs many times the memory of a form of escapes, so a value is decoded in pieces.
https://docs.github.com/webhooks/using-webhooks/creating-webhooks (content type)
https://url.spec.whatwg.org/#urlencoded-parsing

A lone surrogate is `\ud83d` without the `\ude80` that completes the character. JSON's grammar allows it
(https://www.rfc-editor.org/rfc/rfc8259#section-8.2), and anyone who can push can write it into a commit message.
Unicode text cannot contain it, so strict decoders reject the whole object.
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
_FORM_PIECE_BYTES = 16 * 1024
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
    for start in range(0, len(text), _FORM_PIECE_BYTES):
        decoder.decode(text[start : start + _FORM_PIECE_BYTES])
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
    limit = start + _FORM_PIECE_BYTES
    if limit >= end:
        return end
    escape = form.rfind(b"%", limit - 2, limit)
    return limit if escape < 0 else escape


def _unquote(text: bytes) -> bytes:
    # An invalid escape stands for itself. `unquote_to_bytes` is slow there, with an exception for each.
    return unquote_to_bytes(_INVALID_ESCAPE.sub(b"%25", text.replace(b"+", b" ")))


# With `\\` hidden, every backslash starts an escape. A high half is alone unless a low half follows it, and a
# low half unless it follows a high one.
_HALF = re.compile(
    rb"\\u[dD](?:"
    rb"[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD])[c-fC-F][0-9a-fA-F]{2}"
    rb")"
)
_ESCAPE_OF_A_HALF = re.compile(rb"\\(?=u[dD])")
_LOW_HALF = re.compile(rb"\\u[dD][c-fC-F]")
_REPLACEMENT = rb"\\ufffd"  # as a template of `re`, where a backslash is doubled
# NUL is not allowed anywhere in JSON text, so it can stand for a backslash that is escaped or escapes one.
_HIDDEN = b"\0"
_LONGEST_ESCAPE = 6
_TEXT_PIECE_BYTES = 64 * 1024


def replace_lone_surrogates(text: bytes) -> bytes:
    """Return JSON text with U+FFFD in place of each lone surrogate; a text without any is returned as it is.

    A payload can consist of millions of escapes: there is no Python call per escape, and the memory needed
    is at most three times the text, the text included.
    """
    # Searching for the backslash alone first is faster, and most payloads have no escape of a half.
    if b"\\" not in text or _ESCAPE_OF_A_HALF.search(text) is None:
        return text
    if _HIDDEN in text:
        return text  # not JSON, which the decoder reports
    hidden = text.replace(rb"\\", _HIDDEN * 2)
    if _HALF.search(hidden) is None:
        return text
    with BytesIO() as output:
        for start, end in _split(hidden):
            # Substituting in the whole text at once would keep an object for each match.
            piece = _HALF.sub(_REPLACEMENT, hidden[start:end])
            output.write(piece.replace(_HIDDEN, b"\\"))
        return output.getvalue()


def _split(text: bytes) -> Iterator[tuple[int, int]]:
    """Divide a text so that no escape and no pair of halves is cut."""
    start = 0
    while start < len(text):
        end = _find_cut(text, start + _TEXT_PIECE_BYTES)
        yield start, end
        start = end


def _find_cut(text: bytes, at: int) -> int:
    """Return the first place from `at` on that is inside no escape and no pair of halves."""
    escape = text.find(b"\\", at, at + _LONGEST_ESCAPE)
    if escape < 0:
        return at + _LONGEST_ESCAPE
    return escape + _LONGEST_ESCAPE if _LOW_HALF.match(text, escape) else escape
