"""Half a character in a signed payload costs that character, not the delivery."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.protocol.bodies import replace_lone_surrogates

LETTERS = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (rb"\ud83d\ude80", "\U0001f680"),
        (rb"\uD83D\uDE80", "\U0001f680"),
        (rb"\ud83d", "\ufffd"),
        (rb"\ude80", "\ufffd"),
        (rb"\ud83d\ud83d\ude80", "\ufffd\U0001f680"),
        (rb"\ude80\ud83d", "\ufffd\ufffd"),
        (rb"\ud83dx\ude80", "\ufffdx\ufffd"),
        (rb"\\ud83d", "\\ud83d"),
        (rb"\\\ud83d", "\\\ufffd"),
        (rb"\"\ud83d\n", '"\ufffd\n'),
        (rb"\udfff\u0041", "\ufffdA"),
    ],
)
def test_replaces_only_lone_surrogates(escaped: bytes, read: str) -> None:
    """Pairs stay, and so does text that only looks like an escape."""
    assert msgspec.json.decode(replace_lone_surrogates(b'"' + escaped + b'"')) == read


@given(st.dictionaries(LETTERS, LETTERS | st.lists(LETTERS, max_size=3), max_size=5))
def test_reads_everything_that_python_writes(value: dict[str, object]) -> None:
    """Python writes lone surrogates as escapes; valid text stays unchanged."""
    text = json.dumps(value).encode()
    replaced = replace_lone_surrogates(text)
    msgspec.json.decode(replaced)
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        assert replaced != text
    else:
        assert replaced == text


SEGMENTS = [rb"\\", rb"\"", rb"\n", rb"\u00e9", rb"\ud83d", rb"\uDE80", rb"\\ud83d", b"x", b"u", b"dead", b"\xc3\xa9"]
ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u[dD][c-fC-F][0-9a-fA-F]{2}|.)", re.DOTALL
)


def replace_one_by_one(text: bytes) -> bytes:
    """Replace lone halves by looking at each escape in turn: slow, and simple enough to be right."""
    return ESCAPES.sub(lambda escape: rb"\ufffd" if len(escape[0]) == 6 else escape[0], text)


@given(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=12), st.integers(0, 12))
def test_divides_large_texts_between_escapes(segments: list[bytes], offset: int) -> None:
    """The pieces have the same result as the whole text."""
    repeated = b"".join(segments)
    text = b'"' + b"y" * offset + repeated * (200_000 // len(repeated)) + b'"'
    assert replace_lone_surrogates(text) == replace_one_by_one(text)


@pytest.mark.parametrize("text", [b'"\x00\\ud83d"', b'{"\\ud83d":\x00\x00ud83d"}'])
def test_leaves_text_with_a_nul_to_the_decoder(text: bytes) -> None:
    """A NUL stands for a backslash during replacement, so such text must never become valid."""
    assert replace_lone_surrogates(text) == text
