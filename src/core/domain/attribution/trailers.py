"""The trailers of a commit message, as `git interpret-trailers --parse` reads them.

https://git-scm.com/docs/git-interpret-trailers, and `trailer.c` of git for the details.
"""

import re
from collections.abc import Sequence

# Trailers are at the end of a message. Anyone can push a message of megabytes.
MAX_MESSAGE = 65_536
_SPACES = " \t\r\n"
# The repetitions are possessive, so that a text can match in only one way.
_TOKEN = re.compile(r"([A-Za-z0-9-]++)[ \t]*+:")
_GENERATED = ("Signed-off-by: ", "(cherry picked from commit ")
_DIVIDER = re.compile(r"\n---[ \t\r\n]")
_BLANK_LINES = re.compile(r"\n(?:[ \t\r]*+\n)++")
_NO_COMMENT = re.compile(r"^[^#]", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t\r]++")


def parse_trailers(message: str) -> list[tuple[str, str]]:
    """Return the names and values of the trailers of a message: those that git finds in the last paragraph."""
    paragraphs = split_paragraphs(message)
    return read_block(paragraphs[-1]) if paragraphs else []


def split_paragraphs(message: str) -> list[str]:
    """Return the paragraphs that can contain trailers: those after the title and before a line `---`.

    Paragraphs of comments only are left out.
    """
    text = f"\n{message[-MAX_MESSAGE:]}\n"
    if divider := _DIVIDER.search(text):
        text = text[: divider.start()]
    return [part for part in _BLANK_LINES.split(text.rstrip(_SPACES))[1:] if _NO_COMMENT.search(part)]


def read_block(paragraph: str) -> list[tuple[str, str]]:
    """Return the trailers of a paragraph, or none if git regards the paragraph as text."""
    if not _is_block(paragraph.split("\n")):
        return []
    # An indented line continues the line above.
    lines = _FOLD.sub(" ", paragraph).split("\n")
    return [(token[1], line[token.end() :].strip(_SPACES)) for line in lines if (token := _TOKEN.match(line))]


def _is_block(lines: Sequence[str]) -> bool:
    """Return whether all lines are trailers, or a quarter if git wrote one of them."""
    trailers = others = folded = 0
    has_generated = False
    for line in reversed(lines):
        if line.startswith(_GENERATED):
            has_generated = True
            trailers, folded = trailers + 1, 0
        elif line[0] in _SPACES:
            folded += 1
        elif line[0] == "#":
            others, folded = others + folded, 0
        elif _TOKEN.match(line):
            trailers, folded = trailers + 1, 0
        else:
            others, folded = others + folded + 1, 0
    others += folded
    return (trailers > 0 and others == 0) or (has_generated and trailers * 3 >= others)
