"""Bound the memory that decoding a large payload needs.

A decoder builds an object for each row of a list and a text of up to four bytes per character: half a
gigabyte for a body of 22 MB. This service reads only the beginning of a commit message and the trailers at
its end, and GitHub sends at most 2,048 commits
(https://docs.github.com/webhooks/webhook-events-and-payloads#push). So the middle of long texts is removed
before decoding, and a payload with far too many rows is unreadable.
"""

import re
from collections.abc import Iterator

from core.domain.events import EnvelopeUnreadable

# Below this size no payload needs more than a few megabytes.
LARGE = 512 * 1024
HEAD_CHARACTERS = 4_000
TAIL_BYTES = 2_000
MAX_COMMITS = 20_000
# The limit of an installation: https://docs.github.com/webhooks/webhook-events-and-payloads#installation
MAX_ROWS = 100_000

_LONG_TEXT = HEAD_CHARACTERS + TAIL_BYTES
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
# Everything up to the next long string, in one match: there may be millions of short ones.
_LONG_STRING = re.compile(rb'(?:[^"]++|"(?:[^"\\]|\\.){0,%d}+")*+(%s)' % (_LONG_TEXT, _STRING), re.DOTALL)
_HEAD = re.compile(
    rb'"(?:[\x00-\x21\x23-\x5b\x5d-\x7f]|[\x80-\xff][\x80-\xbf]*+'
    rb"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.){0,%d}+"
    % HEAD_CHARACTERS,
    re.DOTALL,
)
# Trailers are whole lines. A backslash after anything but a backslash starts an escape.
_LINE_BREAK = re.compile(rb"(?<!\\)\\n")
_ELLIPSIS = rb"\n\u2026"

# `{"commits": [{…}]}`: rows of deeper lists, such as the files of a commit, are not decoded.
_DECODED_DEPTH = 3
_MAX_DEPTH = 100
_MAX_STEPS = 1_000_000
_FLAT = rb'[\[{](?:[^"\[\]{}]++|%s)*+[\]}]' % _STRING
_NESTED = rb'[\[{](?:[^"\[\]{}]++|%s|%s)*+[\]}]' % (_STRING, _FLAT)
_NEXT_ROW = re.compile(rb'(?:[^"\[\]{},]++|%s)*+([\[\]{},])' % _STRING, re.DOTALL)
_NEXT_DEEP = re.compile(rb'(?:[^"\[\]{}]++|%s|%s)*+([\[\]{}])' % (_STRING, _NESTED), re.DOTALL)
_COMMA, _OPENING = ord(","), b"[{"


def bounded(text: bytes, *, max_rows: int) -> bytes:
    """Return JSON text without the middle of long strings; a text that is not large is returned as it is.

    Raises `EnvelopeUnreadable` if a list of a large text has too many rows. Accepts text that is not JSON.
    """
    if len(text) < LARGE:
        return text
    shortened = _without(text, _middles(text))
    _require_few_rows(shortened, max_rows)
    return shortened


def _middles(text: bytes) -> Iterator[tuple[int, int]]:
    """Return what to remove of each long string, in order: start and end."""
    end = 0
    while match := _LONG_STRING.match(text, end):
        start, end = match.span(1)
        head = _HEAD.match(text, start)
        tail = _LINE_BREAK.search(text, end - TAIL_BYTES, end)
        head_end = head.end() if head else start + 1
        tail_start = tail.start() if tail else end - 1
        if tail_start > head_end:
            yield head_end, tail_start


def _without(text: bytes, cuts: Iterator[tuple[int, int]]) -> bytes:
    view = memoryview(text)
    parts: list[bytes | memoryview] = []
    kept_from = 0
    for start, end in cuts:
        parts += [view[kept_from:start], _ELLIPSIS]
        kept_from = end
    return b"".join([*parts, view[kept_from:]]) if parts else text


def _require_few_rows(text: bytes, max_rows: int) -> None:
    """Count the rows of lists and the members of objects, as deep as they are decoded."""
    rows: list[int] = []
    depth = position = 0
    for _ in range(_MAX_STEPS):
        match = (_NEXT_ROW if depth <= _DECODED_DEPTH else _NEXT_DEEP).match(text, position)
        if match is None or depth > _MAX_DEPTH:
            return  # the end, or text that the decoder refuses
        position = match.end()
        byte = text[position - 1]
        if byte == _COMMA:
            if rows:
                rows[-1] += 1
                if rows[-1] >= max_rows:
                    raise EnvelopeUnreadable(f"envelope_unreadable: a list has more than {max_rows} rows")
        elif byte in _OPENING:
            depth += 1
            if depth <= _DECODED_DEPTH:
                rows.append(0)
        else:
            if depth <= _DECODED_DEPTH and rows:
                rows.pop()
            depth -= 1
    raise EnvelopeUnreadable(f"envelope_unreadable: more than {_MAX_STEPS} values")
