"""Half a character in a signed payload costs that character, not the delivery."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.decoding.surrogates import replace_lone_surrogates

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
def test_halves_are_replaced_and_nothing_else(escaped: bytes, read: str) -> None:
    """Pairs stay, and so does what only looks like an escape."""
    assert msgspec.json.decode(replace_lone_surrogates(b'"' + escaped + b'"')) == read


@given(st.dictionaries(LETTERS, LETTERS | st.lists(LETTERS, max_size=3), max_size=5))
def test_whatever_python_writes_can_be_read(value: dict[str, object]) -> None:
    """Python writes halves as escapes; afterwards a strict decoder reads all of it, and whole text as was."""
    text = json.dumps(value).encode()
    mended = replace_lone_surrogates(text)
    msgspec.json.decode(mended)
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        assert mended != text
    else:
        assert mended == text


SEGMENTS = [rb"\\", rb"\"", rb"\n", rb"\u00e9", rb"\ud83d", rb"\uDE80", rb"\\ud83d", b"x", b"u", b"dead", b"\xc3\xa9"]
ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(?:\\u[dD][c-fC-F][0-9a-fA-F]{2})?|u[dD][c-fC-F][0-9a-fA-F]{2}|.)", re.DOTALL
)


def replaced_one_by_one(text: bytes) -> bytes:
    """Replace lone halves by looking at each escape in turn: slow, and simple enough to be right."""
    return ESCAPES.sub(lambda escape: rb"\ufffd" if len(escape[0]) == 6 else escape[0], text)


@given(st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=12), st.integers(0, 12))
def test_large_texts_are_divided_without_cutting_an_escape(segments: list[bytes], offset: int) -> None:
    """A text of several pieces has the same result as one that is replaced escape by escape."""
    repeated = b"".join(segments)
    text = b'"' + b"y" * offset + repeated * (200_000 // len(repeated)) + b'"'
    assert replace_lone_surrogates(text) == replaced_one_by_one(text)


@pytest.mark.parametrize("text", [b'"\x00\\ud83d"', b'{"\\ud83d":\x00\x00ud83d"}'])
def test_text_with_a_nul_is_left_to_the_decoder(text: bytes) -> None:
    """A NUL stands for a backslash while halves are replaced, so such text must never become valid."""
    assert replace_lone_surrogates(text) == text
