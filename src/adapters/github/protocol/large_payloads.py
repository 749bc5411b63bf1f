"""Bound the memory that decoding a large payload needs.

A decoder builds an object for each row of a list and a text of up to four bytes per character: half a
gigabyte for a body of 22 MB. This service reads only the beginning of a commit message and the trailers at
its end, and GitHub sends at most 2,048 commits
(https://docs.github.com/webhooks/webhook-events-and-payloads#push). So the middle of long texts is removed
before decoding, and a payload with far too many rows is unreadable.

No regular expression here repeats a group of alternatives without a limit: Python needs memory for each
repetition, and possessive groups, which need none, match wrongly before Python 3.11.5
(https://github.com/python/cpython/issues/106052).
"""

import re
from collections.abc import Iterator

from core.domain.events.event import EnvelopeUnreadable

# Below this size no payload needs more than a few megabytes.
LARGE = 512 * 1024
HEAD_CHARACTERS = 4_000
TAIL_BYTES = 2_000
MAX_COMMITS = 20_000
# The limit of an installation: https://docs.github.com/webhooks/webhook-events-and-payloads#installation
MAX_ROWS = 100_000

_LONG_TEXT = re.compile(rb'[^"]{%d,}' % (HEAD_CHARACTERS + TAIL_BYTES))
_HEAD = re.compile(
    rb"(?:[\x00-\x21\x23-\x5b\x5d-\x7f]|[\x80-\xff][\x80-\xbf]*"
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.){0,%d}" % HEAD_CHARACTERS,
    re.DOTALL,
)
# Trailers are whole lines. A backslash after anything but a backslash starts an escape.
_LINE_BREAK = re.compile(rb"(?<!\\)\\n")
# The blank line after it lets trailers begin a paragraph, also after a line that ends with a backslash.
_ELLIPSIS = rb"\n\u2026\n"
_PIECE = 64 * 1024

# `{"commits": [{…}]}`: rows of deeper lists, such as the files of a commit, are not decoded.
_DECODED_DEPTH = 3
_MAX_DEPTH = 100
_MAX_STEPS = 1_000_000
_NEXT_ROW = re.compile(rb"[\[\]{},]")
_NEXT_DEEP = re.compile(rb"[\[\]{}]")


def shorten(text: bytes, *, max_rows: int) -> bytes:
    """Return JSON text without the middle of long strings; a text that is not large is returned as it is.

    Raises `EnvelopeUnreadable` if a list of a large text has too many rows. Accepts text that is not JSON.
    Needs at most three times the memory of the text, the text and the result included.
    """
    if len(text) < LARGE:
        return text
    plain = _blank_escapes(text)
    _require_few_rows(plain, max_rows)
    return _remove(text, _find_middles(text, plain))


def _blank_escapes(text: bytes) -> bytearray:
    """Return a text of the same length whose quotes are the beginnings and ends of strings."""
    plain = bytearray(len(text))
    start = 0
    while start < len(text):
        piece = text[start : start + _PIECE]
        # No escape is split: the piece ends before its last backslashes, or consists of pairs of them.
        piece = piece.rstrip(b"\\") or piece
        plain[start : start + len(piece)] = piece.replace(rb"\\", b"  ").replace(rb"\"", b"  ")
        start += len(piece)
    return plain


def _find_middles(text: bytes, plain: bytearray) -> Iterator[tuple[int, int]]:
    """Return what to remove of each long string, in order: start and end."""
    quotes = position = 0
    for match in _LONG_TEXT.finditer(plain):
        start, end = match.span()
        quotes += plain.count(b'"', position, start)
        position = start
        if quotes % 2:  # an odd number of quotes before it: it is inside a string
            head = _HEAD.match(text, start, end)
            head_end = head.end() if head else start
            tail = _LINE_BREAK.search(text, max(head_end, end - TAIL_BYTES), end)
            yield head_end, tail.start() if tail else end


def _remove(text: bytes, cuts: Iterator[tuple[int, int]]) -> bytes:
    view = memoryview(text)
    parts: list[bytes | memoryview] = []
    kept_from = 0
    for start, end in cuts:
        parts += [view[kept_from:start], _ELLIPSIS]
        kept_from = end
    return b"".join([*parts, view[kept_from:]]) if parts else text


def _require_few_rows(plain: bytearray, max_rows: int) -> None:
    """Count the rows of lists and the members of objects, as deep as they are decoded."""
    rows = [0] * (_MAX_DEPTH + 1)  # by depth
    depth = steps = 0
    for piece in _split_outside_strings(plain):
        position = 0
        while match := (_NEXT_ROW if depth <= _DECODED_DEPTH else _NEXT_DEEP).search(piece, position):
            position = match.end()
            steps += 1
            if match[0] == b",":
                rows[depth] += 1
            elif match[0] in b"]}":
                depth = max(depth - 1, 0)
            elif depth == _MAX_DEPTH:
                return  # the decoder refuses it
            else:
                depth += 1
                rows[depth] = 0
            if rows[depth] >= max_rows or steps > _MAX_STEPS:
                limit = f"more than {max_rows} rows in one list, or {_MAX_STEPS} values in all"
                raise EnvelopeUnreadable(
                    f"envelope_unreadable: This payload has {limit}. GitHub does not send payloads of this "
                    "size. Find out who else signs deliveries with this webhook secret, or rotate the secret."
                )


def _split_outside_strings(plain: bytearray) -> Iterator[bytes]:
    """Return the text outside strings, piece by piece."""
    inside = 0
    for start in range(0, len(plain), _PIECE):
        parts = plain[start : start + _PIECE].split(b'"')
        yield b"".join(parts[inside::2])
        inside ^= (len(parts) - 1) % 2
