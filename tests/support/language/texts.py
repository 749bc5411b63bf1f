"""Pieces of text with their place in a file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph, comment, string or name."""

    line: int
    """Its first line in the file, from 1."""

    last_line: int
    content: str
    is_public: bool
    """Whether people who do not read the code see it: users, operators and callers."""

    is_name: bool = False
    """Whether it is an identifier rather than prose."""


def paragraphs(lines: Iterable[tuple[int, str]], *, is_public: bool) -> Iterator[Text]:
    """Join neighbouring lines that are not blank. A gap in the line numbers ends a paragraph, too."""
    block: list[str] = []
    first = last = 0
    for number, line in lines:
        if block and (number != last + 1 or not line.strip()):
            yield Text(first, last, "\n".join(block), is_public)
            block = []
        if line.strip():
            first = first if block else number
            block.append(line)
        last = number
    if block:
        yield Text(first, first + len(block) - 1, "\n".join(block), is_public)


def words_of(name: str) -> list[str]:
    """Split an identifier at underscores and capitals, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]
