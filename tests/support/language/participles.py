"""Find functions that are named by a participle or gerund (`bound`, `listed`, `counting`) instead of a verb."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.language.scan import ROOT

PACKAGES = ("src", "local", "sandbox", "testing", "tests", "benchmarks")

MAX_SHARE = 0.01
"""Participles name less than this share of the functions of each package."""

# Verbs that look like participles or gerunds.
_VERBS = frozenset(("bring", "string", "ping", "embed", "exceed", "feed", "need", "proceed", "seed", "speed"))
_IRREGULAR = re.compile(
    "told|bound|kept|held|made|sent|given|taken|shown|seen|known|found|left|written|built|lent|sought|begun|gone|done|met|"
    "had|been|heard|said|spoken|drawn|chosen|led|fed|stood|hidden|won|bought|caught|hurt"
)
# Properties and fixtures are nouns or adjectives.
_NOT_VERBS = frozenset({"property", "cached_property", "fixture", "setter"})


@dataclass(frozen=True, slots=True)
class Participle:
    """A function that a participle or gerund names."""

    path: str
    line: int
    name: str

    def __str__(self) -> str:
        """Write it as compilers do, so that editors open the line."""
        return f"{self.path}:{self.line}: `{self.name}` begins with a participle or gerund. Begin with a verb."


def is_participle(name: str) -> bool:
    """Return whether the first word of a name is a participle or gerund."""
    word = name.strip("_").partition("_")[0]
    return bool(_IRREGULAR.fullmatch(word)) or (word.endswith(("ed", "ing")) and word not in _VERBS)


def functions_in(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and name of each function and method, except properties and fixtures."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            decorators = (item.func if isinstance(item, ast.Call) else item for item in node.decorator_list)
            names = {getattr(item, "id", getattr(item, "attr", "")) for item in decorators}
            if not names & _NOT_VERBS:
                yield node.lineno, node.name


def scan_package(package: str) -> tuple[int, list[Participle]]:
    """Return how many functions a package has, and those that participles name."""
    paths = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py"))
    functions = [
        Participle(path, line, name)
        for path in paths
        for line, name in functions_in(Path(ROOT / path).read_text(encoding="utf-8"))
    ]
    return len(functions), [function for function in functions if is_participle(function.name)]
