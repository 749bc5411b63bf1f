"""How many banned words each file may still have in the texts of its code. The number may only shrink."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from tests.support.language.scan import ROOT, Finding

FILE = ROOT / "tests" / "architecture" / "language_baseline.txt"

COMMAND = "make language"


class BaselineGrows(ValueError):
    """A file has more findings than the baseline allows."""


def read(file: Path = FILE) -> dict[str, int]:
    """Return how many findings each file may have. A path that is listed twice has its smallest number."""
    numbers: dict[str, int] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        number, _, path = line.partition(" ")
        numbers[path] = min(int(number), numbers.get(path, int(number)))
    return numbers


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Return the number of findings of each file."""
    return dict(Counter(finding.path for finding in findings))


def problems(found: Mapping[str, int], allowed: Mapping[str, int], *, may_be_fewer: bool = False) -> list[str]:
    """Return what differs from the baseline, in sentences that say what to do."""
    sentences = []
    for path in sorted(found.keys() | allowed.keys()):
        now, limit = found.get(path, 0), allowed.get(path, 0)
        if now > limit:
            sentences.append(f"{path} has {now} banned words; its baseline is {limit}. Rewrite the new ones.")
        elif now < limit and not may_be_fewer:
            sentences.append(f"{path} has {now} banned words; its baseline is {limit}. Run `{COMMAND}`.")
    return sentences


def lower(found: Mapping[str, int], allowed: Mapping[str, int]) -> str:
    """Return a baseline with the present numbers, or raise `BaselineGrows` if one is larger than before."""
    if larger := problems(found, allowed, may_be_fewer=True):
        raise BaselineGrows("\n".join(larger))
    return "".join(f"{number} {path}\n" for path, number in sorted(found.items()))


def add_words(allowed: Mapping[str, int], findings: Iterable[Finding], names: Collection[str]) -> dict[str, int]:
    """Return a baseline that also allows the present findings of words that were just added to the list."""
    added = Counter(finding.path for finding in findings if finding.name in names)
    return dict(Counter(allowed) + added)
