"""The texts of other files: documents, contracts, settings and scripts."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.support.language.texts import Text, paragraphs

_LINK_TARGET = re.compile(r"(?<=\])\([^)\s]*\)")
_CODE_SPAN = re.compile(r"`[^`\s]+`")
_COMMENT = re.compile(r"^\s*(?:\#|//|>|--)+\s?")
_PROTO_COMMENT = re.compile(r"//(.*)$")


def texts_of_markdown(source: str) -> Iterator[Text]:
    """Return the paragraphs, without link targets and without names in backticks."""
    bare = _CODE_SPAN.sub("``", _LINK_TARGET.sub("()", source))
    yield from texts_of_plain(bare)


def texts_of_plain(source: str) -> Iterator[Text]:
    """Return the paragraphs of any file, without the marks of comments."""
    lines = ((number, _COMMENT.sub("", line)) for number, line in enumerate(source.split("\n"), 1))
    yield from paragraphs(lines, is_public=True)


def texts_of_proto(source: str) -> Iterator[Text]:
    """Return the comments of a contract."""
    comments = (
        (number, found.group(1))
        for number, line in enumerate(source.split("\n"), 1)
        if (found := _PROTO_COMMENT.search(line))
    )
    yield from paragraphs(comments, is_public=True)


def texts_of_policy(source: str) -> Iterator[Text]:
    """Return the comments of a file that only maintainers read."""
    for text in texts_of_plain(source):
        yield replace(text, is_public=False)
