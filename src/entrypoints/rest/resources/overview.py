from uuid import UUID

import msgspec
from starlette.responses import Response

from core.domain.integrations.views import ConnectionState, IntegrationView
from core.domain.overview import Overview, ProblemCode
from core.use_cases.overview import ShowOverview
from entrypoints.edge.remedies import Action, action_of
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import OVERVIEW
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.resources.event_metrics import FiguresBody, to_figures_body


class CountsBody(msgspec.Struct):
    """Counts of the organization's projects and repositories.

    `repositories` are those that the integrations can access. `unreachable` is the number of links whose repository is
    not among them.
    """

    projects: int
    linked: int
    repositories: int
    unreachable: int


class OverviewIntegration(msgspec.Struct):
    """The status of the integration with a provider, and the recommended next action."""

    provider: str
    status: ConnectionState
    reason: str | None
    account: str | None
    action: Action | None


class OverviewProject(msgspec.Struct):
    """A linked project with its repository. `pushed_at` is null if the last push is not known."""

    id: UUID
    name: str
    repo_id: str
    repo_full_name: str
    pushed_at: Time | None


class ProblemBody(msgspec.Struct):
    """What needs attention: an integration that needs an action, failed events, or repositories without access.

    `count` is the number of failed events in the last 24 hours, or of links. `provider` and `action` are set for
    `integration_needs_action`.
    """

    code: ProblemCode
    count: int
    provider: str | None
    action: Action | None


class OverviewBody(msgspec.Struct):
    """The overview. `events` are the figures since `start`, 24 hours ago rounded down to a full hour.

    `projects` are at most 10 linked projects, the most recently pushed repository first.
    """

    integrations: list[OverviewIntegration]
    counts: CountsBody
    events: FiguresBody
    projects: list[OverviewProject]
    problems: list[ProblemBody]


def operations(show_overview: ShowOverview) -> list[Operation]:
    """Return the operation for the overview of an organization."""
    group = OperationGroup(Tag.INTEGRATIONS)

    @group.add(
        "GET",
        OVERVIEW,
        "Get the overview",
        Success(OverviewBody),
        description="Returns the state of the organization: its integrations, counts of projects and repositories, "
        "figures about webhook events, the projects with the latest pushes, and what needs attention.",
    )
    async def get_overview(call: Call[NoQuery, None]) -> Response:
        overview = await show_overview(call.actor, organization_id=call.organization_id)
        return Json(_body(overview, call.organization_id))

    return group.operations


def _body(overview: Overview, organization_id: UUID) -> OverviewBody:
    counts = overview.counts
    return OverviewBody(
        integrations=[
            OverviewIntegration(
                view.provider,
                view.state,
                view.reason,
                view.integration.provider_name if view.integration else None,
                _action(view, organization_id),
            )
            for view in overview.integrations
        ],
        counts=CountsBody(counts.projects, counts.linked, counts.repositories, counts.unreachable),
        events=to_figures_body(overview.figures),
        projects=[
            OverviewProject(
                pushed.project.external_id, pushed.project.name, pushed.repo_id, pushed.repo_full_name, pushed.pushed_at
            )
            for pushed in overview.projects
        ],
        problems=[
            ProblemBody(
                problem.code,
                problem.count,
                problem.integration.provider if problem.integration else None,
                _action(problem.integration, organization_id) if problem.integration else None,
            )
            for problem in overview.problems
        ],
    )


def _action(view: IntegrationView, organization_id: UUID) -> Action | None:
    return action_of(view.remedy, view.provider, organization_id, view.manage_url)
