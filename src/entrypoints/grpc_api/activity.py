from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.application import Application
from core.domain.events.event_query import parse_event_query
from core.domain.events.summary import EventKind
from core.domain.events.views import EventView
from core.domain.identifiers import EventId, RepoId
from core.domain.overview import Problem, ProblemCode
from core.use_cases.events.list_events import filter_activity
from core.use_cases.events.scope import OneOrganization
from crewkit.git.v1 import activity_pb2 as wire
from crewkit.git.v1 import event_summaries_pb2
from crewkit.git.v1.activity_pb2_grpc import ActivityServiceServicer
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.event_summaries import event_summary
from entrypoints.grpc_api.fields import (
    invalid_field,
    read_id,
    read_name,
    read_page_size,
    read_query,
    read_row_token,
    read_text,
    read_time,
)
from entrypoints.grpc_api.messages import remedy, stamp
from entrypoints.grpc_api.webhook_events import event_figures, event_projects

_KINDS = {
    event_summaries_pb2.EVENT_KIND_UNSPECIFIED: None,
    event_summaries_pb2.EVENT_KIND_PUSH: EventKind.PUSH.value,
    event_summaries_pb2.EVENT_KIND_PULL_REQUEST: EventKind.PULL_REQUEST.value,
}
PROBLEMS: Mapping[ProblemCode, "wire.ProblemCode.ValueType"] = {
    ProblemCode.INTEGRATION: wire.PROBLEM_CODE_INTEGRATION_NEEDS_ACTION,
    ProblemCode.EVENTS_FAILED: wire.PROBLEM_CODE_EVENTS_FAILED,
    ProblemCode.PROJECTS_UNREACHABLE: wire.PROBLEM_CODE_PROJECTS_UNREACHABLE,
}
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Activity(ActivityServiceServicer):
    """Implements `ActivityService`."""

    application: Application

    async def ListActivity(self, request: wire.ListActivityRequest, context: Context) -> wire.ListActivityResponse:
        if request.kind not in _KINDS:
            raise invalid_field("kind", "Must be push or pull request, or unspecified for both.")
        page = await self.application.events.list(
            actor(),
            OneOrganization(read_id(request.organization_id, "organization_id")),
            where=filter_activity(
                _KINDS[request.kind],
                project_id=read_id(request.project_id, "project_id") if request.project_id else None,
                repo_id=RepoId(read_name(request.repo_id, "repo_id")) if request.repo_id else None,
                branch=read_text(request.branch, "branch", most=_LONGEST_NAME) or None,
                actor=read_text(request.actor, "actor", most=_LONGEST_NAME) or None,
                query=parse_event_query(read_query(request.query)),
                since=read_time(request.since, "since") if request.HasField("since") else None,
                until=read_time(request.until, "until") if request.HasField("until") else None,
            ),
            limit=read_page_size(request.page_size),
            before=read_row_token(request.page_token, EventId),
        )
        return wire.ListActivityResponse(
            activity=[_activity(view) for view in page.views], next_page_token=encode_row_cursor(page.next) or ""
        )

    async def GetOverview(self, request: wire.GetOverviewRequest, context: Context) -> wire.GetOverviewResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        overview = await self.application.show_overview(actor(), organization_id=organization_id)
        return wire.GetOverviewResponse(
            projects_total=overview.counts.projects,
            projects_linked=overview.counts.linked,
            repositories=overview.counts.repositories,
            links_unreachable=overview.counts.unreachable,
            events=event_figures(overview.figures),
            projects=[
                wire.PushedProject(
                    project_id=str(pushed.project.external_id),
                    name=pushed.project.name,
                    repo_id=pushed.repo_id,
                    repo_full_name=pushed.repo_full_name,
                    pushed_at=stamp(pushed.pushed_at),
                )
                for pushed in overview.projects
            ],
            problems=[_problem(problem, organization_id) for problem in overview.problems],
        )


def _problem(problem: Problem, organization_id: UUID) -> wire.Problem:
    view = problem.integration
    return wire.Problem(
        code=PROBLEMS[problem.code],
        count=problem.count,
        provider=view.provider if view else None,
        action=remedy(view.remedy, view.provider, organization_id, view.manage_url) if view else None,
    )


def _activity(view: EventView) -> wire.Activity:
    return wire.Activity(
        event_id=view.event.delivery_id,
        provider=view.event.provider,
        received_at=stamp(view.event.created_at),
        summary=event_summary(view.summary, view.actor_urls),
        projects=event_projects(view),
    )
