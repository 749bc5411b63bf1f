"""Find functions that are named by a participle or gerund (`bound`, `listed`, `counting`) instead of a verb."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.language import baseline
from tests.support.language.scan import ROOT

FILE = ROOT / "tests" / "architecture" / "participles_baseline.txt"

WHAT = "functions named by participles"

PACKAGES = ("src", "local", "sandbox", "testing", "tests", "benchmarks")

MAX_SHARE = 0.01
"""The largest share of functions in one package that participles may name."""

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


def scan_packages_over_limit() -> list[Participle]:
    """Return the participles of those packages that still have too many."""
    findings = []
    for package in PACKAGES:
        total, participles = scan_package(package)
        if len(participles) >= MAX_SHARE * total:
            findings += participles
    return findings


def lower(findings: Iterable[Participle], allowed: Mapping[str, int]) -> str:
    """Return a baseline with the present numbers, or raise `BaselineGrows` if a package has more than before.

    Files may have more: a function may move from one file to another.
    """
    present = baseline.count(findings)
    before, now = _by_package(allowed), _by_package(present)
    baseline.lower(now, before, what=WHAT)
    return baseline.lower(present, present)


def _by_package(numbers: Mapping[str, int]) -> dict[str, int]:
    packages: Counter[str] = Counter()
    for path, number in numbers.items():
        packages[path.partition("/")[0]] += number
    return dict(packages)
