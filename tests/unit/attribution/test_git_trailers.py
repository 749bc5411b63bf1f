"""Trailers as git reads them: generated messages, and the messages that this service reads differently."""

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.domain.attribution.authors import parse_co_authors
from core.domain.attribution.trailers import parse_trailers

MESSAGES = 2_000
_PEOPLE = ("Mara <mara@acme.example>", "Zoë 日本 <z@acme.example>", "<only@acme.example>", "Jo, Ann <jo@acme.example>")
_TOKENS = ("Co-authored-by", "co-authored-BY", "Co-Authored-By ", "Signed-off-by", "Reviewed-by", "Issue\t", "1-a")
_TEXT = (
    "Some text.",
    "See: the page",
    "a b: c",
    "* Fix a list",
    "- Fix it",
    "```",
    "Ünï: x",
    ":x",
    "-",
    "---------",
    "~~~",
)
_SHAPES = (
    "trailer",
    "trailer",
    "trailer",
    "folded",
    "indented",
    "bullet",
    "text",
    "comment",
    "blank",
    "generated",
    "pair",
)


def make_message(choose: random.Random) -> str:
    """Return a message of paragraphs that mix trailers with the other lines that messages have."""
    end = choose.choice(["\n", "\n", "\n", "\r\n"])
    title = [choose.choice(["Fix the total", "Co-authored-by: Mara <m@acme.example>", "fix: a: b", "# comment", ""])]
    paragraphs = [
        title,
        *([_make_line(choose) for _ in range(choose.randint(1, 5))] for _ in range(choose.randint(0, 4))),
    ]
    blank = choose.choice(["", "", "  ", "\t"])
    message = end.join(end.join([*paragraph, blank]) for paragraph in paragraphs)
    if choose.random() < 0.1:
        message += f"{end}---{end}a divider ends the message{end}{end}Reviewed-by: A <a@acme.example>"
    return message + end * choose.randint(0, 3)


def _make_line(choose: random.Random) -> str:
    trailer = f"{choose.choice(_TOKENS)}:{choose.choice(['', ' ', '  ', chr(9)])}{choose.choice(_PEOPLE)}"
    match choose.choice(_SHAPES):
        case "folded":
            return f"{choose.choice(_TOKENS)}: Mara\n{choose.choice([' ', '    ', chr(9)])}<mara@acme.example>"
        case "indented":
            return choose.choice([" ", "  ", "    ", "\t"]) + trailer
        case "bullet":
            return choose.choice(["* ", "- ", "  * "]) + trailer
        case "text":
            return choose.choice(_TEXT)
        case "comment":
            return choose.choice(["# comment", "#Fixes: 1"])
        case "blank":
            return choose.choice(["", " "])
        case "generated":
            return choose.choice(["(cherry picked from commit 0123)", "Signed-off-by: Mara <mara@acme.example>"])
        case "pair":
            return f"{trailer}{choose.choice([', ', ' and ', ' Co-authored-by: '])}{choose.choice(_PEOPLE)}"
        case _:
            return trailer


def read_with_git(messages: Sequence[str], folder: Path) -> list[list[tuple[str, str]]]:
    """Return what `git interpret-trailers --parse` prints for each message."""
    separator = folder / "separator"
    separator.write_text("x\n\nEnd-of-message: x\n", encoding="utf-8")
    paths: list[Path] = []
    for number, message in enumerate(messages):
        paths += [path := folder / str(number), separator]
        path.write_text(message, encoding="utf-8", newline="")
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    process = subprocess.run(
        ["git", "interpret-trailers", "--parse", *paths], cwd=folder, env=environment, capture_output=True, check=True
    )
    parts = process.stdout.decode().split("End-of-message: x\n")
    assert len(parts) == len(messages) + 1
    lines = [[line.partition(":") for line in part.removesuffix("\n").split("\n") if line] for part in parts[:-1]]
    return [[(token, value.strip(" ")) for token, _, value in part] for part in lines]


def list_co_authors(message: str) -> list[str]:
    """Return the addresses of the co-authors that this service reads."""
    return [author.email or "" for author in parse_co_authors(message)]


def test_agrees_with_git_on_generated_messages(tmp_path: Path) -> None:
    """About half of the messages have trailers, and none is read differently."""
    choose = random.Random(17)
    messages = [make_message(choose) for _ in range(MESSAGES)]
    expected = read_with_git(messages, tmp_path)
    differences = [
        (message, parse_trailers(message), trailers)
        for message, trailers in zip(messages, expected, strict=True)
        if parse_trailers(message) != trailers
    ]
    assert differences == []
    assert 0.3 < sum(map(bool, expected)) / MESSAGES < 0.7


def test_co_authors_are_gits_on_generated_messages(tmp_path: Path) -> None:
    """A message without indents, bullets, fences and several persons has exactly the co-authors that git reads."""
    choose = random.Random(18)
    messages = [
        message
        for message in (make_message(choose) for _ in range(3 * MESSAGES))
        if not any(
            line.lstrip().startswith(("*", "-", "```", "~~~")) or line.startswith(" ") for line in message.split("\n")
        )
        and message.count(">") == message.count(">\n") + message.endswith(">")
    ][:MESSAGES]
    for message, trailers in zip(messages, read_with_git(messages, tmp_path), strict=True):
        co_authors = [value for token, value in trailers if token.lower() == "co-authored-by"]
        addresses = [value[value.index("<") + 1 : -1] for value in co_authors if value.endswith(">")]
        assert list_co_authors(message) == list(dict.fromkeys(addresses)), message


DEVIATIONS = {
    "indented": ("Say\n\n  Co-authored-by: A <a@x>\n", [], ["a@x"]),
    "bulleted": ("Say (#1)\n\n* Co-authored-by: A <a@x>\n- Co-authored-by: B <b@x>\n", [], ["a@x", "b@x"]),
    "joined messages": (
        "Say (#1)\n\n* Fix it\n\nCo-authored-by: A <a@x>\n\n* Test it\n\nCo-authored-by: B <b@x>\n",
        ["B <b@x>"],
        ["a@x", "b@x"],
    ),
    "several persons": ("Say\n\nCo-authored-by: A <a@x>, B <b@x>\n", ["A <a@x>, B <b@x>"], ["a@x", "b@x"]),
    "several on a line": (
        "Say\n\nCo-authored-by: A <a@x> Co-authored-by: B <b@x>\n",
        ["A <a@x> Co-authored-by: B <b@x>"],
        ["a@x", "b@x"],
    ),
    "code fence": (
        "Say\n\n```\nCo-authored-by: A <a@x>\n```\nSigned-off-by: B <b@x>\nCo-authored-by: C <c@x>\n",
        ["A <a@x>", "C <c@x>"],
        ["c@x"],
    ),
}
"""The messages that this service reads differently from git: what git reads, and what this service reads."""


@pytest.mark.parametrize(("message", "of_git", "addresses"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_reads_more_than_git(message: str, of_git: list[str], addresses: list[str], tmp_path: Path) -> None:
    [trailers] = read_with_git([message], tmp_path)
    assert [value for token, value in trailers if token == "Co-authored-by"] == of_git
    assert list_co_authors(message) == addresses


@pytest.mark.parametrize(
    ("message", "addresses"),
    [
        ("Say\n\nCo-authored-by: A <a@x>\nCo-authored-by: B <b@x>\n\n---------\n\nCo-authored-by: C <c@x>", ["c@x"]),
        ("Say\n\n```\nCo-authored-by: A <a@x>\n```\n", []),
        ("Say\n\n~~~ text\n\nCo-authored-by: A <a@x>\n\n~~~\n\nCo-authored-by: B <b@x>", ["b@x"]),
        ("Say\n\n```\nno end\n\nCo-authored-by: A <a@x>", ["a@x"]),
        ("Say\n\n    Co-authored-by: A <a@x>\n", []),
        ("Say\n\nText\nCo-authored-by: A <a@x>\n", []),
        ("Say\n\nCo-authored-by: A <a@x> and B <b@x> & C <c@x>; D <d@x>", ["a@x", "b@x", "c@x", "d@x"]),
        ("Say\n\nCo-authored-by: Doe, Jane <j@x>", ["j@x"]),
    ],
)
def test_names_co_authors(message: str, addresses: list[str]) -> None:
    assert list_co_authors(message) == addresses
