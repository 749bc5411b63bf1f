"""What needs attention in an organization."""

from core.domain.events.event import EventStatus
from core.domain.events.metrics import ResultCount, merge_figures
from core.domain.integrations.views import ConnectionState, IntegrationView, Remedy
from core.domain.overview import Problem, ProblemCode, ProjectCounts, find_problems
from tests.support.builders.domain import INTEGRATION, NOW, REVOKED

COUNTS = ProjectCounts(projects=3, linked=2, repositories=9, unreachable=0)
QUIET = merge_figures([], NOW)
CONNECTED = IntegrationView("github", ConnectionState.ACTIVE, integration=INTEGRATION)


def test_nothing_needs_attention() -> None:
    never_connected = IntegrationView("gitlab", ConnectionState.NOT_CONNECTED, remedy=Remedy.CONNECT)
    assert find_problems([CONNECTED, never_connected], COUNTS, QUIET) == []


def test_reports_integrations_then_links_then_events() -> None:
    failed = merge_figures(
        [ResultCount(NOW, EventStatus.FAILED, 4, 2), ResultCount(NOW, EventStatus.IGNORED, 4, 9)], NOW
    )
    unreachable = ProjectCounts(projects=3, linked=2, repositories=9, unreachable=1)
    assert find_problems([CONNECTED], unreachable, failed) == [
        Problem(ProblemCode.PROJECTS_UNREACHABLE, 1),
        Problem(ProblemCode.EVENTS_FAILED, 2),
    ]
    revoked = IntegrationView("github", ConnectionState.REVOKED, "x", Remedy.RECONNECT, REVOKED)
    assert find_problems([revoked], unreachable, QUIET) == [Problem(ProblemCode.INTEGRATION, 1, revoked)]
