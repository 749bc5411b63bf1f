from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from core.application import Links
from core.domain.catalog.commits import CommitNotFound
from core.domain.catalog.repository import RepositoryNotFound
from core.domain.identifiers import RepoId
from core.domain.links.link import LinkInvalid, ProjectNotLinked
from core.domain.organizations import ProjectNotFound
from core.domain.provider_errors import ProviderUnknown
from core.domain.rules.affected import AffectedProject, ChangeInvalid
from core.domain.rules.decision import RuleReason
from core.use_cases.links.preview_rules import EventPreview
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import AFFECTED_PROJECTS, RULES_PREVIEW
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.openapi.errors import OF_CATALOG, OF_PROVIDER
from entrypoints.rest.resources.link_bodies import LinkQuery, ProviderName, RepositoryNumber
from entrypoints.rest.resources.rule_bodies import DecisionBody, RulesForm, decision_body, read_rules_form


class PreviewForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The rules to preview, and the number of stored webhook events to evaluate. Missing rules are the link's own."""

    rules: RulesForm = msgspec.field(default_factory=RulesForm)
    last: Annotated[int, Meta(ge=1, le=100)] = 50


class PreviewedEvent(msgspec.Struct):
    """A stored push or pull request, and what the previewed rules decide.

    `ref` is the full ref of a push, and the base branch of a pull request. `title` is the title of the pull request, or
    the first line of the last commit message. `ref`, `title` and `decision` are null if the payload is not available.
    """

    id: str
    event: str
    action: str | None
    received_at: Time
    ref: str | None
    number: int | None
    title: str | None
    decision: DecisionBody | None


class PreviewBody(msgspec.Struct):
    """The previewed events, newest first."""

    data: list[PreviewedEvent]


_Paths = Annotated[list[Annotated[str, Meta(min_length=1, max_length=4_096)]], Meta(max_length=10_000)]
_Commit = Annotated[str, Meta(min_length=1, max_length=255)]


class AffectedForm(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A repository, and either the changed paths, relative to the root of the repository, or two commits.

    `base` and `head` are branches, tags or commit ids. With `from_merge_base`, the change begins at their newest common
    ancestor instead of at `base`, as in a pull request.
    """

    repo_id: RepositoryNumber
    paths: _Paths | UnsetType = UNSET
    base: _Commit | UnsetType = UNSET
    head: _Commit | UnsetType = UNSET
    from_merge_base: bool = False
    provider: ProviderName = "github"

    @property
    def commits(self) -> tuple[str, str] | None:
        """The two commits; an empty text for a missing one."""
        if self.base is UNSET and self.head is UNSET:
            return None
        return self.base or "", self.head or ""


class AffectedProjectBody(msgspec.Struct):
    """A project that the change touches.

    `path` is the first changed path that the project's rules select, and `pattern` is the pattern that selects it. Both
    are null if the rules select all paths. `reason` is `paths_unknown` if not all changed paths are known.
    """

    project_id: UUID
    root_directory: str | None
    reason: RuleReason
    path: str | None
    pattern: str | None


class AffectedBody(msgspec.Struct):
    """The projects that the change touches, the oldest link first.

    `base_sha` and `head_sha` are the commits that were compared; null if the request named paths.
    """

    data: list[AffectedProjectBody]
    base_sha: str | None
    head_sha: str | None


def operations(links: Links) -> list[Operation]:
    """Return the operations that evaluate rules."""
    group = OperationGroup(Tag.PROJECTS)

    @group.add(
        "POST",
        RULES_PREVIEW,
        "Preview the rules of a link",
        Success(PreviewBody),
        errors=[LinkInvalid, ProjectNotLinked, ProjectNotFound, ProviderUnknown],
        description="Evaluates rules against the last webhook events that concern the project, and returns what would "
        "be delivered and why. Changes nothing.",
    )
    async def preview_rules(call: Call[LinkQuery, PreviewForm]) -> Response:
        previews = await links.preview_rules(
            call.actor,
            organization_id=call.organization_id,
            project_id=call.project_id,
            provider=call.query.provider,
            rules=read_rules_form(call.body.rules),
            last=call.body.last,
        )
        return Json(PreviewBody([_previewed_event(preview) for preview in previews]))

    @group.add(
        "POST",
        AFFECTED_PROJECTS,
        "Resolve affected projects",
        Success(AffectedBody),
        errors=[*OF_CATALOG, *OF_PROVIDER, ChangeInvalid, CommitNotFound, RepositoryNotFound, ProviderUnknown],
        description="Returns the projects of a repository whose rules for paths select one of the changed paths, or "
        "one of the files that differ between two commits. The other rules do not count.",
    )
    async def resolve_affected_projects(call: Call[NoQuery, AffectedForm]) -> Response:
        affected = await links.resolve_affected(
            call.actor,
            organization_id=call.organization_id,
            provider=call.body.provider,
            repo_id=RepoId(call.body.repo_id),
            paths=None if call.body.paths is UNSET else call.body.paths,
            commits=call.body.commits,
            from_merge_base=call.body.from_merge_base,
        )
        comparison = affected.comparison
        return Json(
            AffectedBody(
                [_affected_project(project) for project in affected.projects],
                comparison.base_sha if comparison else None,
                comparison.head_sha if comparison else None,
            )
        )

    return group.operations


def _affected_project(project: AffectedProject) -> AffectedProjectBody:
    decision = project.decision
    return AffectedProjectBody(
        project.link.project_external_id,
        project.link.root_directory or None,
        decision.reason,
        decision.value,
        decision.pattern,
    )


def _previewed_event(preview: EventPreview) -> PreviewedEvent:
    event = preview.event
    return PreviewedEvent(
        id=event.delivery_id,
        event=event.event_type,
        action=event.action,
        received_at=event.created_at,
        ref=preview.ref,
        number=preview.number,
        title=preview.title,
        decision=decision_body(preview.decision) if preview.decision else None,
    )
