"""Whether an event reaches a project, and why. docs/rules.md describes the rules for users."""

import re
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from core.domain.changed_files import ChangedFiles
from core.domain.provider_events import ProviderUser, PullRequest, Push
from core.domain.refs import RefType, parse_ref
from core.domain.rules.patterns import compile_patterns, is_selected
from core.domain.rules.rules import Handling, RuleEvent, Rules


class RuleReason(Enum):
    """Why an event is delivered to a project or not.

    Delivered: `delivered`, or `paths_unknown` if the changed files are not all known. Ignored: `event_not_selected`
    (the kind of event), `branch_not_matched`, `tag_not_matched`, `paths_not_matched` (no changed file), `draft` and
    `fork` (pull requests), `bot`, or `skip_marker` (in the last commit message).
    """

    DELIVERED = "delivered"
    PATHS_UNKNOWN = "paths_unknown"
    EVENT_NOT_SELECTED = "event_not_selected"
    BRANCH_NOT_MATCHED = "branch_not_matched"
    TAG_NOT_MATCHED = "tag_not_matched"
    PATHS_NOT_MATCHED = "paths_not_matched"
    DRAFT = "draft"
    FORK = "fork"
    BOT = "bot"
    SKIP_MARKER = "skip_marker"


_DELIVERING = frozenset({RuleReason.DELIVERED, RuleReason.PATHS_UNKNOWN})


@dataclass(frozen=True, slots=True)
class RuleDecision:
    """Whether a project receives an event, and what decided.

    `value` is the branch, tag, path, login or marker that decided. `pattern` is the pattern that selected or excluded
    it, None if no pattern matches it.
    """

    reason: RuleReason = RuleReason.DELIVERED
    pattern: str | None = None
    value: str | None = None

    @property
    def delivers(self) -> bool:
        """Whether the project receives the event."""
        return self.reason in _DELIVERING


# https://docs.github.com/actions/how-tos/manage-workflow-runs/skip-workflow-runs
_SKIP_MARKER = re.compile(r"\[(?:skip ci|ci skip|no ci|skip crewkit)\]", re.IGNORECASE)
# Bounds the time for one link. A push that changes more files is delivered if none of the first ones is selected.
MAX_PATHS = 10_000
_DELIVERED = RuleDecision()


def evaluate_rules(rules: Rules, provider_event: Push | PullRequest, *, root_directory: str = "") -> RuleDecision:
    """Return whether the event reaches a project with these rules. The first rule that rejects the event decides.

    An event is never rejected because its data is incomplete.
    """
    if isinstance(provider_event, Push):
        return _evaluate_push(rules, provider_event, rules.list_path_patterns(root_directory))
    return _evaluate_pull_request(rules, provider_event, rules.list_path_patterns(root_directory))


def _evaluate_push(rules: Rules, push: Push, path_patterns: tuple[str, ...]) -> RuleDecision:
    if RuleEvent.PUSH not in rules.events:
        return RuleDecision(RuleReason.EVENT_NOT_SELECTED, value=RuleEvent.PUSH.value)
    ref_type, name = parse_ref(push.ref)
    if ref_type is RefType.TAG:
        ref = _match_tag(rules.tags, name)
    else:
        # A ref that is neither a branch nor a tag is matched by its full name.
        ref = _match(rules.branches, name, RuleReason.BRANCH_NOT_MATCHED)
    if not ref.delivers:
        return ref
    if rules.bots is Handling.IGNORE and push.sender and _is_bot(push.sender):
        return RuleDecision(RuleReason.BOT, value=push.sender.login)
    if rules.skip_markers and (marker := _find_skip_marker(push)):
        return RuleDecision(RuleReason.SKIP_MARKER, value=marker)
    # Deleting a branch changes no file, and a tag is not about files: nothing can match a path.
    if not path_patterns or push.deleted or ref_type is RefType.TAG:
        return ref
    return evaluate_paths(path_patterns, push.changed_files)


def _evaluate_pull_request(rules: Rules, pull: PullRequest, path_patterns: tuple[str, ...]) -> RuleDecision:
    if RuleEvent.PULL_REQUEST not in rules.events:
        return RuleDecision(RuleReason.EVENT_NOT_SELECTED, value=RuleEvent.PULL_REQUEST.value)
    base = _match(rules.pull_requests.base_branches, pull.base.ref, RuleReason.BRANCH_NOT_MATCHED)
    if not base.delivers:
        return base
    if pull.draft and not rules.pull_requests.drafts:
        return RuleDecision(RuleReason.DRAFT)
    if pull.is_from_fork and rules.pull_requests.forks is Handling.IGNORE:
        return RuleDecision(RuleReason.FORK, value=pull.head.repo_full_name)
    # The author counts, so that a bot that merges or labels a person's pull request does not hide it.
    author = pull.author or pull.sender
    if rules.bots is Handling.IGNORE and author and _is_bot(author):
        return RuleDecision(RuleReason.BOT, value=author.login)
    # A pull request's payload has no files.
    return RuleDecision(RuleReason.PATHS_UNKNOWN) if path_patterns else base


def evaluate_paths(patterns: tuple[str, ...], files: ChangedFiles) -> RuleDecision:
    """Return whether one of the changed files is selected. An empty list of patterns selects all files."""
    if not patterns:
        return _DELIVERED
    find_last = compile_patterns(patterns).find_last
    excluded: tuple[str | None, str | None] = None, files.paths[0] if files.paths else None
    for path in islice(files.paths, MAX_PATHS):
        pattern = find_last(path)
        if is_selected(pattern):
            return RuleDecision(RuleReason.DELIVERED, pattern, path)
        if excluded[0] is None and pattern is not None:
            excluded = pattern, path
    if not files.complete or len(files.paths) > MAX_PATHS:
        return RuleDecision(RuleReason.PATHS_UNKNOWN)
    return RuleDecision(RuleReason.PATHS_NOT_MATCHED, *excluded)


def _match_tag(patterns: tuple[str, ...] | None, name: str) -> RuleDecision:
    if patterns is None:
        return RuleDecision(RuleReason.TAG_NOT_MATCHED, value=name)
    return _match(patterns, name, RuleReason.TAG_NOT_MATCHED)


def _match(patterns: tuple[str, ...], name: str, otherwise: RuleReason) -> RuleDecision:
    if not patterns:
        return _DELIVERED
    pattern = compile_patterns(patterns).find_last(name)
    return RuleDecision(RuleReason.DELIVERED if is_selected(pattern) else otherwise, pattern, name)


def _find_skip_marker(push: Push) -> str | None:
    head = push.head_commit or (push.commits[-1] if push.commits else None)
    marker = _SKIP_MARKER.search(head.message) if head else None
    return marker[0] if marker else None


def _is_bot(account: ProviderUser) -> bool:
    return account.kind == "Bot"
