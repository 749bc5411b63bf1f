"""Rules of links, and their decisions, as messages."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from core.domain.rules import decision as decisions
from core.domain.rules.affected import AffectedProject
from core.domain.rules.rules import Handling, RuleEvent, Rules
from core.use_cases.links.preview_rules import EventPreview
from core.use_cases.links.resolve_affected import AffectedProjects
from crewkit.git.v1 import rules_pb2 as wire
from entrypoints.grpc_api.fields import invalid_field, read_text
from entrypoints.grpc_api.messages import stamp

EVENTS: Mapping[RuleEvent, "wire.RuleEvent.ValueType"] = {
    RuleEvent.PUSH: wire.RULE_EVENT_PUSH,
    RuleEvent.PULL_REQUEST: wire.RULE_EVENT_PULL_REQUEST,
}
HANDLINGS: Mapping[Handling, "wire.RuleHandling.ValueType"] = {
    Handling.DELIVER: wire.RULE_HANDLING_DELIVER,
    Handling.IGNORE: wire.RULE_HANDLING_IGNORE,
}
REASONS: Mapping[decisions.RuleReason, "wire.RuleReason.ValueType"] = {
    reason: wire.RuleReason.Value(f"RULE_REASON_{reason.name}") for reason in decisions.RuleReason
}
_LONGEST_REF = 255
_EVENT_NAMES = {number: event.value for event, number in EVENTS.items()}
_HANDLING_NAMES = {number: handling.value for handling, number in HANDLINGS.items()}


def read_rules(rules: wire.LinkRules, field: str) -> dict[str, Any]:
    """Return the rules that a request contains, as JSON values."""
    plain: dict[str, Any] = {}
    if rules.HasField("events"):
        plain["events"] = [
            _read_name(event, _EVENT_NAMES, f"{field}.events.events[{number}]")
            for number, event in enumerate(rules.events.events)
        ]
    if rules.HasField("branches"):
        plain["branches"] = list(rules.branches.patterns)
    if rules.HasField("tags"):
        plain["tags"] = _read_patterns(
            rules.tags.patterns, is_absent=rules.tags.ignore_all, flag=f"{field}.tags.ignore_all"
        )
    if rules.HasField("paths"):
        plain["paths"] = _read_patterns(
            rules.paths.patterns, is_absent=rules.paths.use_root_directory, flag=f"{field}.paths.use_root_directory"
        )
    if rules.HasField("pull_requests"):
        plain["pull_requests"] = _read_pull_requests(rules.pull_requests, f"{field}.pull_requests")
    if rules.bots:
        plain["bots"] = _read_name(rules.bots, _HANDLING_NAMES, f"{field}.bots")
    if rules.HasField("skip_markers"):
        plain["skip_markers"] = rules.skip_markers
    return plain


def _read_pull_requests(rules: wire.PullRequestRules, field: str) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if rules.HasField("base_branches"):
        plain["base_branches"] = list(rules.base_branches.patterns)
    if rules.HasField("drafts"):
        plain["drafts"] = rules.drafts
    if rules.forks:
        plain["forks"] = _read_name(rules.forks, _HANDLING_NAMES, f"{field}.forks")
    return plain


def _read_patterns(patterns: Sequence[str], *, is_absent: bool, flag: str) -> list[str] | None:
    if is_absent and patterns:
        raise invalid_field(flag, "Pass either patterns or true.")
    return None if is_absent else list(patterns)


def _read_name(number: int, names: Mapping[Any, str], field: str) -> str:
    if number not in names:
        raise invalid_field(field, f"Must be one of {', '.join(map(str, names))}.")
    return names[number]


def to_rules(rules: Rules) -> wire.LinkRules:
    """Convert the rules of a link."""
    pulls = rules.pull_requests
    return wire.LinkRules(
        events=wire.RuleEvents(events=[EVENTS[event] for event in rules.events]),
        branches=wire.RulePatterns(patterns=rules.branches),
        tags=wire.TagRule(ignore_all=rules.tags is None, patterns=rules.tags),
        paths=wire.PathRule(use_root_directory=rules.paths is None, patterns=rules.paths),
        pull_requests=wire.PullRequestRules(
            base_branches=wire.RulePatterns(patterns=pulls.base_branches),
            drafts=pulls.drafts,
            forks=HANDLINGS[pulls.forks],
        ),
        bots=HANDLINGS[rules.bots],
        skip_markers=rules.skip_markers,
    )


def to_decision(decision: decisions.RuleDecision) -> wire.RuleDecision:
    """Convert a decision."""
    return wire.RuleDecision(
        delivers=decision.delivers, reason=REASONS[decision.reason], pattern=decision.pattern, value=decision.value
    )


def to_preview(preview: EventPreview) -> wire.PreviewedEvent:
    """Convert a previewed event."""
    event = preview.event
    return wire.PreviewedEvent(
        event_id=event.delivery_id,
        event_type=event.event_type,
        action=event.action,
        received_at=stamp(event.created_at),
        ref=preview.ref,
        number=preview.number,
        title=preview.title,
        decision=to_decision(preview.decision) if preview.decision else None,
    )


class Change(TypedDict):
    """How a request names a change."""

    paths: Sequence[str] | None
    commits: tuple[str, str] | None
    from_merge_base: bool


def read_change(request: wire.ResolveAffectedProjectsRequest) -> Change:
    """Return the change that a request names: paths, also none, or two commits."""
    if len(request.paths) > decisions.MAX_PATHS:
        raise invalid_field("paths", f"Pass at most {decisions.MAX_PATHS} paths.")
    base, head = read_text(request.base, "base", most=_LONGEST_REF), read_text(request.head, "head", most=_LONGEST_REF)
    commits = (base, head) if base or head else None
    paths = None if commits and not request.paths else request.paths
    return Change(paths=paths, commits=commits, from_merge_base=request.from_merge_base)


def to_affected_response(affected: AffectedProjects) -> wire.ResolveAffectedProjectsResponse:
    """Convert the affected projects."""
    comparison = affected.comparison
    return wire.ResolveAffectedProjectsResponse(
        projects=[_to_project(project) for project in affected.projects],
        base_sha=comparison.base_sha if comparison else None,
        head_sha=comparison.head_sha if comparison else None,
    )


def _to_project(project: AffectedProject) -> wire.AffectedProject:
    return wire.AffectedProject(
        project_id=str(project.link.project_external_id),
        root_directory=project.link.root_directory or None,
        decision=to_decision(project.decision),
    )
