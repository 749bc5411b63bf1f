"""Allowances: a comment in or directly above a text that lets it use one banned word, with the reason.

# language: allow "tell" - the name of a method of Python's files
"""

import re
from dataclasses import dataclass

_ALLOWANCE = re.compile(r'language: allow (?:"([^"\n]*)")?(?:\s+-\s+(\S.*))?')
# The shortest reason that says something; "-->" closes a comment of Markdown and says nothing.
_SHORTEST_REASON = 10


@dataclass(frozen=True, slots=True)
class Allowance:
    """Permission to use one banned word in one text."""

    line: int
    name: str
    has_reason: bool


def allowances_in(source: str) -> list[Allowance]:
    """Return the allowances of a file, those without a reason too."""
    found = []
    for number, line in enumerate(source.split("\n"), 1):
        if match := _ALLOWANCE.search(line):
            reason = (match.group(2) or "").removesuffix("-->").removesuffix("*/").strip()
            found.append(Allowance(number, match.group(1) or "", len(reason) >= _SHORTEST_REASON))
    return found
