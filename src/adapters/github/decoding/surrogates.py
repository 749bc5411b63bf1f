r"""Lone surrogates in JSON text: `\ud83d` without the `\ude80` that completes the character.

JSON's grammar allows them (https://www.rfc-editor.org/rfc/rfc8259#section-8.2), and anyone who can push
can write one into a commit message. Unicode text cannot contain them, so strict decoders refuse the whole
object.
"""

import re
from collections.abc import Iterator
from io import BytesIO

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
_PIECE = 64 * 1024


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
    with BytesIO() as mended:
        for start, end in _split(hidden):
            # Substituting in the whole text at once would keep an object for each match.
            piece = _HALF.sub(_REPLACEMENT, hidden[start:end])
            mended.write(piece.replace(_HIDDEN, b"\\"))
        return mended.getvalue()


def _split(text: bytes) -> Iterator[tuple[int, int]]:
    """Divide a text so that no escape and no pair of halves is cut."""
    start = 0
    while start < len(text):
        end = _find_cut(text, start + _PIECE)
        yield start, end
        start = end


def _find_cut(text: bytes, at: int) -> int:
    """Return the first place from `at` on that is inside no escape and no pair of halves."""
    escape = text.find(b"\\", at, at + _LONGEST_ESCAPE)
    if escape < 0:
        return at + _LONGEST_ESCAPE
    return escape + _LONGEST_ESCAPE if _LOW_HALF.match(text, escape) else escape
