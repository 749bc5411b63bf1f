"""The texts of a TypeScript file: a scanner, not a parser, that errs towards taking text for public."""

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.support.language.texts import Text, paragraphs

_PIECE = re.compile(
    r"""(?P<block>/\*.*?\*/)
    | (?P<line>(?<!:)//[^\n]*)
    | (?P<string>"(?:\\.|[^"\\\n])*")
    | (?P<template>`(?:\\.|[^`\\])*`)""",
    re.VERBOSE | re.DOTALL,
)
# What stands between a tag or an expression and the next one, unless it looks like code.
_BETWEEN_TAGS = re.compile(r"(?<=[^=]>|.\})([^<>{}]+)(?=[<{])", re.DOTALL)
_CODE = re.compile(r"[;=&|\[\]]|^\s*[,.)]|\($|^\s*(?:else|catch|finally|from)\b")
_EXPRESSION = re.compile(r"\$\{[^{}]*\}")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


def texts_of_typescript(source: str) -> Iterator[Text]:
    """Return strings and the text of elements as public texts; comments and names as texts of the code."""
    rest = list(source)
    comments: list[tuple[int, str]] = []
    for piece in _PIECE.finditer(source):
        line = source.count("\n", 0, piece.start()) + 1
        content = piece.group()
        if piece.lastgroup in {"block", "line"}:
            comments += [(line + n, part.lstrip(" */")) for n, part in enumerate(content.split("\n"))]
        else:
            text = _EXPRESSION.sub("{}", content[1:-1])
            yield Text(line, line + content.count("\n"), text, is_public=" " in text)
        rest[piece.start() : piece.end()] = [" " if letter != "\n" else letter for letter in content]
    yield from paragraphs(comments, is_public=False)
    yield from _code("".join(rest))


def texts_of_typescript_tests(source: str) -> Iterator[Text]:
    """Return the texts of a test: only developers read them."""
    for text in texts_of_typescript(source):
        yield replace(text, is_public=False)


def _code(code: str) -> Iterator[Text]:
    """Return the texts of what is neither a comment nor a string."""
    remaining = list(code)
    for between in _BETWEEN_TAGS.finditer(code):
        content = between.group(1)
        if content.strip() and not _CODE.search(content):
            line = code.count("\n", 0, between.start()) + 1
            yield Text(line, line + content.count("\n"), content, is_public=True)
            remaining[between.start() : between.end()] = " " * len(content)
    seen = set()
    for number, line_of_code in enumerate("".join(remaining).split("\n"), 1):
        for name in _NAME.findall(line_of_code):
            if name not in seen:
                seen.add(name)
                yield Text(number, number, name, is_public=False, is_name=True)
