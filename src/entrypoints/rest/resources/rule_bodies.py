"""The rules of a link in requests and responses."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from core.domain.rules.decision import RuleDecision, RuleReason
from core.domain.rules.rules import Handling, RuleEvent, Rules

Patterns = Annotated[
    list[str],
    Meta(
        description="At most 50 patterns of at most 255 characters, as in the filters of GitHub Actions: `*` matches "
        "a name, `**` any path, `?` makes the previous character optional, `+` repeats it, `[a-z]` matches one "
        "character, and `!` excludes what an earlier pattern selects. The last pattern that matches decides."
    ),
]


class PullRequestRulesForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rules for pull requests to change. Missing rules keep their values.

    `base_branches` selects pull requests into these branches; an empty list selects all. `drafts` is whether draft
    pull requests are delivered. `forks` is about pull requests from other repositories.
    """

    base_branches: Patterns | UnsetType = UNSET
    drafts: bool | UnsetType = UNSET
    forks: Handling | UnsetType = UNSET


class RulesForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rules to change: which pushes and pull requests reach the project. Missing rules keep their values.

    An event must pass all rules. An empty list selects all branches, tags or paths. `tags` null selects no tag. `paths`
    null selects the files below the link's root directory. `bots` is about pushes by bots and pull requests that
    bots opened. With `skip_markers`, a push is ignored if its last commit message has `[skip ci]`, `[ci skip]`,
    `[no ci]` or `[skip crewkit]`.
    """

    events: list[RuleEvent] | UnsetType = UNSET
    branches: Patterns | UnsetType = UNSET
    tags: Patterns | UnsetType | None = UNSET
    paths: Patterns | UnsetType | None = UNSET
    pull_requests: PullRequestRulesForm | UnsetType = UNSET
    bots: Handling | UnsetType = UNSET
    skip_markers: bool | UnsetType = UNSET


class PullRequestRulesBody(msgspec.Struct):
    """Which pull requests reach the project: into these branches (all if empty), drafts, and those from forks."""

    base_branches: list[str]
    drafts: bool
    forks: Handling


class RulesBody(msgspec.Struct):
    """Which pushes and pull requests reach the project. An event must pass all rules.

    An empty list selects all branches, tags or paths. `tags` is null if no tag is selected. `paths` is null if the
    files below the root directory are selected.
    """

    events: list[RuleEvent]
    branches: list[str]
    tags: list[str] | None
    paths: list[str] | None
    pull_requests: PullRequestRulesBody
    bots: Handling
    skip_markers: bool


class DecisionBody(msgspec.Struct):
    """Whether the rules deliver an event to the project, and why.

    `value` is the branch, tag, path, login or marker that decided. `pattern` is the pattern that selected or excluded
    it, and null if no pattern matches it.
    """

    delivers: bool
    reason: RuleReason
    pattern: str | None
    value: str | None


def read_rules_form(form: RulesForm) -> Mapping[str, Any]:
    """Return the rules that the request contains, as JSON values."""
    plain: Mapping[str, Any] = msgspec.to_builtins(form)
    return plain


def rules_body(rules: Rules) -> RulesBody:
    """Return rules for a response."""
    pulls = rules.pull_requests
    return RulesBody(
        events=list(rules.events),
        branches=list(rules.branches),
        tags=None if rules.tags is None else list(rules.tags),
        paths=None if rules.paths is None else list(rules.paths),
        pull_requests=PullRequestRulesBody(list(pulls.base_branches), pulls.drafts, pulls.forks),
        bots=rules.bots,
        skip_markers=rules.skip_markers,
    )


def decision_body(decision: RuleDecision) -> DecisionBody:
    """Return a decision for a response."""
    return DecisionBody(decision.delivers, decision.reason, decision.pattern, decision.value)
