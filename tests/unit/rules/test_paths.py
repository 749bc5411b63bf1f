"""The changed files that select a project, and its root directory."""

from dataclasses import replace

import pytest

from core.domain.changed_files import ChangedFiles
from core.domain.provider_events import Push
from core.domain.rules.decision import MAX_PATHS, RuleReason, evaluate_paths, evaluate_rules
from core.domain.rules.rules import PlainRules, Rules, read_rules
from tests.support.builders.domain import PUSH

DELIVERED, PATHS, UNKNOWN = RuleReason.DELIVERED, RuleReason.PATHS_NOT_MATCHED, RuleReason.PATHS_UNKNOWN


def push(path: str) -> Push:
    """Return a push that changes one file."""
    return replace(PUSH, changed_files=ChangedFiles.of([path], complete=True))


@pytest.mark.parametrize(
    ("rules", "path", "reason"),
    [
        ({}, "apps/a/x.py", DELIVERED),
        ({}, "apps/b/x.py", PATHS),
        ({}, "apps/a", PATHS),
        ({"paths": None}, "apps/b/x.py", PATHS),
        ({"paths": []}, "apps/b/x.py", DELIVERED),
        ({"paths": ["apps/b/**"]}, "apps/b/x.py", DELIVERED),
        ({"paths": ["apps/b/**"]}, "apps/a/x.py", PATHS),
    ],
)
def test_root_directory_is_the_default_for_paths(rules: PlainRules, path: str, reason: RuleReason) -> None:
    decision = evaluate_rules(read_rules(rules), push(path), root_directory="apps/a")
    assert (decision.reason, decision.value) == (reason, path if rules.get("paths") != [] else None)


def test_root_directory_is_not_a_pattern() -> None:
    """A directory may have the name of a route, as in Next.js."""
    directory = "app/[slug]/*+?"
    assert evaluate_rules(Rules(), push(f"{directory}/x.ts"), root_directory=directory).delivers
    assert not evaluate_rules(Rules(), push("app/s/x/x.ts"), root_directory=directory).delivers


def test_delivers_what_changes_more_files_than_are_matched() -> None:
    many = ChangedFiles.of((f"src/{number:06}.py" for number in range(MAX_PATHS + 1)), complete=True)
    assert evaluate_paths(("docs/**",), many).reason is UNKNOWN
    fewer = ChangedFiles.of(many.paths[:-1], complete=True)
    assert evaluate_paths(("docs/**",), fewer).reason is PATHS
