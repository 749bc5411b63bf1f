"""Co-authors, as commit messages name them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.attribution.authors import parse_co_authors
from core.domain.provider_events import Author

JONAS = Author("Jonas Lindqvist", "jonas@acme.example")
SAM = Author("Sam Porter", "sam@mail.example")
BY_JONAS = "Co-authored-by: Jonas Lindqvist <jonas@acme.example>"
BY_SAM = "Co-authored-by: Sam Porter <sam@mail.example>"


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("", ()),
        ("Say hello", ()),
        (f"Say\n\n{BY_JONAS}", (JONAS,)),
        (f"Say\n\n{BY_JONAS}\n", (JONAS,)),
        ("Say\n\nco-AUTHORED-by: Jonas Lindqvist <jonas@acme.example>", (JONAS,)),
        ("Say\n\nCo-authored-by:Jonas Lindqvist<jonas@acme.example>", (JONAS,)),
        ("Say\n\nCo-authored-by: \t Jonas Lindqvist \t <jonas@acme.example> \t", (JONAS,)),
        (f"Say\r\n\r\n{BY_JONAS}\r\n{BY_SAM}\r\n", (JONAS, SAM)),
        (f"Say\n\n{BY_SAM}\nReviewed-by: A <a@b>\n{BY_JONAS}", (SAM, JONAS)),
        (f"{BY_JONAS}\n\nSay", ()),
        (f"Say\n{BY_JONAS}", ()),
        ("x\n\nCo-authored-by: <only@address.example>", (Author("", "only@address.example"),)),
        ("x\n\nCo-authored-by: Zoë 日本 <zoë@acme.example>", (Author("Zoë 日本", "zoë@acme.example"),)),
        (
            "x\n\nCo-authored-by: a[bot] <1+a[bot]@users.noreply.github.com>",
            (Author("a[bot]", "1+a[bot]@users.noreply.github.com"),),
        ),
        ("x\n\nCo-authored-by: Jonas Lindqvist", ()),
        ("x\n\nCo-authored-by: Jonas <>", ()),
        ("x\n\nCo-authored-by: Jonas <a b>", ()),
        ("x\n\nCo-authored-by: Jonas <a> <b>", ()),
        ("x\n\nCo-authored-by: Jonas <a@b> and more", ()),
        ("x\n\n> Co-authored-by: Jonas <a@b>", ()),
        ("x\n\nNot-Co-authored-by: Jonas <a@b>", ()),
        ("x\n\nCo-authored-by: Jonas\n<a@b>", ()),
    ],
)
def test_trailers_are_separate_lines(message: str, found: tuple[Author, ...]) -> None:
    """With name and address in angle brackets, in any case and with any line ends, in the last paragraph."""
    assert parse_co_authors(message) == found


def test_address_counts_once() -> None:
    """Squashing repeats trailers; addresses are compared without case."""
    message = "x\n\nCo-authored-by: Sam <Sam@Mail.example>\nCo-authored-by: Sam Porter <sam@mail.example>"
    assert len(parse_co_authors(message)) == 1


@given(st.text())
def test_reads_any_message(message: str) -> None:
    """Each co-author has an address that is in the message."""
    for author in parse_co_authors(message):
        assert author.email
        assert author.email in message


@given(st.text(alphabet="co-authred by:<>@ \t\r\nx", max_size=200))
def test_reads_any_text_like_a_trailer(message: str) -> None:
    """Addresses never contain blanks or brackets, and are unique."""
    found = [author.email or "" for author in parse_co_authors("x\n\nCo-authored-by:" + message)]
    assert len({email.lower() for email in found}) == len(found)
    assert not any(set(email) & set("<> \t\r\n") for email in found)


@pytest.mark.parametrize(
    "message",
    [
        "Co-authored-by:" + " " * 200_000,
        "Co-authored-by:" + " x" * 100_000 + "<",
        "Co-authored-by: a <" + "x" * 200_000,
        "Co-authored-by: a <b>" + " " * 200_000 + "!",
        "Co-authored-by:\n" * 20_000,
        "Co-authored-by: <" * 20_000,
        "Co-authored-by: a <b>" + ", c <d>" * 20_000 + "!",
        "Co-authored-by: a <b>\n" + " \n" * 100_000,
        "* co-authored-by: a <b>\n\n" * 10_000,
        "Co-authored-by: a <b>\n" + "```x\n" * 40_000,
    ],
    ids=[
        "blanks",
        "words",
        "address",
        "trailing blanks",
        "lines",
        "brackets",
        "persons",
        "blank lines",
        "bullets",
        "fences",
    ],
)
def test_parsing_takes_linear_time(message: str) -> None:
    """Anyone with push access writes the message."""
    started = time.process_time()
    parse_co_authors(message)
    parse_co_authors(f"x\n\n{message}")
    assert time.process_time() - started < 1
