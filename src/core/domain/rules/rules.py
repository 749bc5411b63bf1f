"""The rules of a link: which pushes and pull requests reach its project."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from core.domain.errors import FieldError
from core.domain.rules.patterns import check_patterns, escape

RULES = "rules"


class RuleEvent(Enum):
    """The kinds of events that a rule can select.

    `push`: a branch or tag was created, updated or deleted. `pull_request`: a pull request was opened or changed.
    """

    PUSH = "push"
    PULL_REQUEST = "pull_request"


class Handling(Enum):
    """Whether events of one origin are delivered (`deliver`) or only stored with a verdict (`ignore`)."""

    DELIVER = "deliver"
    IGNORE = "ignore"


_BOTH = tuple(RuleEvent)


@dataclass(frozen=True, slots=True)
class PullRequestRules:
    """Which pull requests: into these branches (empty: all), drafts, and those from forks."""

    base_branches: tuple[str, ...] = ()
    drafts: bool = True
    forks: Handling = Handling.DELIVER


@dataclass(frozen=True, slots=True)
class Rules:
    """Which events reach a project. An event must pass all rules.

    `branches`, `tags` and `paths` are patterns; an empty list selects all. `tags` is None if no tag is selected.
    `paths` is None if the files below the link's root directory are selected, which are all files if it has none.
    """

    events: tuple[RuleEvent, ...] = _BOTH
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] | None = ()
    paths: tuple[str, ...] | None = None
    pull_requests: PullRequestRules = PullRequestRules()
    bots: Handling = Handling.DELIVER
    skip_markers: bool = True

    def list_path_patterns(self, root_directory: str) -> tuple[str, ...]:
        """Return the patterns for paths; empty if all paths are selected."""
        if self.paths is not None:
            return self.paths
        return (f"{escape(root_directory)}/**",) if root_directory else ()


PlainRules = Mapping[str, Any]
"""Rules, or a change of some rules, as JSON values."""

DEFAULT: Final = Rules()
_PULL_REQUESTS = "pull_requests"


def read_rules(plain: PlainRules | None) -> Rules:
    """Return the rules of valid stored rules; missing rules have their default."""
    if not plain:
        return DEFAULT
    pulls = plain.get(_PULL_REQUESTS, {})
    return Rules(
        events=tuple(event for event in RuleEvent if event.value in plain["events"]) if "events" in plain else _BOTH,
        branches=tuple(plain.get("branches", ())),
        tags=_to_patterns(plain.get("tags", ())),
        paths=_to_patterns(plain.get("paths")),
        pull_requests=PullRequestRules(
            base_branches=tuple(pulls.get("base_branches", ())),
            drafts=pulls.get("drafts", True),
            forks=Handling(pulls.get("forks", Handling.DELIVER)),
        ),
        bots=Handling(plain.get("bots", Handling.DELIVER)),
        skip_markers=plain.get("skip_markers", True),
    )


def to_plain(rules: Rules) -> PlainRules:
    """Return all rules as JSON values."""
    pulls = rules.pull_requests
    return {
        "events": [event.value for event in rules.events],
        "branches": list(rules.branches),
        "tags": None if rules.tags is None else list(rules.tags),
        "paths": None if rules.paths is None else list(rules.paths),
        _PULL_REQUESTS: {
            "base_branches": list(pulls.base_branches),
            "drafts": pulls.drafts,
            "forks": pulls.forks.value,
        },
        "bots": rules.bots.value,
        "skip_markers": rules.skip_markers,
    }


_PLAIN_DEFAULT: Final = to_plain(DEFAULT)


def merge_rules(stored: PlainRules | None, change: PlainRules) -> PlainRules:
    """Return stored rules with the values of a change. The rules that it does not have stay; defaults are left out."""
    merged = {**(stored or {}), **change}
    if _PULL_REQUESTS in change:
        merged[_PULL_REQUESTS] = {**(stored or {}).get(_PULL_REQUESTS, {}), **change[_PULL_REQUESTS]}
    plain = to_plain(read_rules(merged))
    return {name: value for name, value in plain.items() if value != _PLAIN_DEFAULT[name]}


def check_rules(change: PlainRules, field: str) -> list[FieldError]:
    """Return an error for each invalid rule of a change whose values have the right types.

    `field` is the caller's name of the rules.
    """
    errors = [
        FieldError(f"{field}.{name}" if number is None else f"{field}.{name}[{number}]", message)
        for name, patterns in _list_patterns(change)
        for number, message in check_patterns(patterns).items()
    ]
    if change.get("events") == []:
        errors.append(FieldError(f"{field}.events", "Select an event. To receive no events, disable webhooks."))
    return errors


def _list_patterns(change: PlainRules) -> list[tuple[str, list[str]]]:
    lists = {name: change.get(name) for name in ("branches", "tags", "paths")}
    lists["pull_requests.base_branches"] = change.get(_PULL_REQUESTS, {}).get("base_branches")
    return [(name, patterns) for name, patterns in lists.items() if patterns is not None]


def _to_patterns(patterns: list[str] | tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if patterns is None else tuple(patterns)
