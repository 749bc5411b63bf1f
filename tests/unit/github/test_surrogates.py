"""Half a character in a signed payload costs that character, not the delivery."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.surrogates import without_halves

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
    assert msgspec.json.decode(without_halves(b'"' + escaped + b'"')) == read


@given(st.dictionaries(LETTERS, LETTERS | st.lists(LETTERS, max_size=3), max_size=5))
def test_whatever_python_writes_can_be_read(value: dict[str, object]) -> None:
    """Python writes halves as escapes; afterwards a strict decoder reads all of it, and whole text as was."""
    text = json.dumps(value).encode()
    mended = without_halves(text)
    msgspec.json.decode(mended)
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        assert mended != text
    else:
        assert mended == text
