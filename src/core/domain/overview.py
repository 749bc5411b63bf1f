"""What an organization sees first: its counts, its latest projects, and what needs attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.events.metrics import EventFigures
from core.domain.identifiers import RepoId
from core.domain.integrations.views import IntegrationView
from core.domain.organizations import Project


@dataclass(frozen=True, slots=True)
class ProjectCounts:
    """Counts of an organization's projects and repositories.

    `repositories` are those that its integrations can access. `unreachable` is the number of links whose repository
    is not among them.
    """

    projects: int
    linked: int
    repositories: int
    unreachable: int


@dataclass(frozen=True, slots=True)
class PushedProject:
    """A linked project, its repository, and when that was last pushed to."""

    project: Project
    repo_id: RepoId
    repo_full_name: str
    pushed_at: datetime | None


class ProblemCode(Enum):
    """What needs attention.

    `integration_needs_action`: an integration does not work, or its permissions are not accepted. `events_failed`:
    webhook events failed. `projects_unreachable`: the repositories of linked projects are not accessible.
    """

    INTEGRATION = "integration_needs_action"
    EVENTS_FAILED = "events_failed"
    PROJECTS_UNREACHABLE = "projects_unreachable"


@dataclass(frozen=True, slots=True)
class Problem:
    """What needs attention, with its number. `integration` is set for problems of an integration."""

    code: ProblemCode
    count: int
    integration: IntegrationView | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The overview of an organization; `figures` are those of the last 24 hours."""

    integrations: Sequence[IntegrationView]
    counts: ProjectCounts
    figures: EventFigures
    projects: Sequence[PushedProject]
    problems: Sequence[Problem]


def find_problems(
    integrations: Sequence[IntegrationView], counts: ProjectCounts, figures: EventFigures
) -> Sequence[Problem]:
    """Return the problems, integrations first. A provider that was never connected is not a problem."""
    problems = [Problem(ProblemCode.INTEGRATION, 1, view) for view in integrations if view.remedy and view.integration]
    # While an integration is disconnected, it explains why its repositories cannot be accessed.
    if counts.unreachable and not problems:
        problems.append(Problem(ProblemCode.PROJECTS_UNREACHABLE, counts.unreachable))
    if figures.failed:
        problems.append(Problem(ProblemCode.EVENTS_FAILED, figures.failed))
    return problems
