from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Events
from core.domain.events.event_query import parse_event_query
from core.domain.identifiers import EventId, RepoId
from core.use_cases.events.list_events import filter_activity
from core.use_cases.events.scope import OneOrganization
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import ACTIVITY
from entrypoints.rest.http.requests import TIME_HINT, Cursor, Limit, Name, Query, read_row_cursor
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.resources.event_summaries import EventProjectBody, SummaryBody, project_bodies, summary_body


class ActivityQuery(Query, frozen=True):
    """Which pushes and pull requests to list."""

    project_id: Annotated[
        UUID | None, Meta(description="Only activity of this project. Pass the id of a project, a UUID.")
    ] = None
    repo_id: Annotated[
        Name | None, Meta(description="Only activity of this repository. Pass the provider's id of the repository.")
    ] = None
    kind: Annotated[
        Literal["push", "pull_request"] | None, Meta(description="Only this kind. Pass push or pull_request.")
    ] = None
    branch: Annotated[
        str,
        Meta(
            max_length=255,
            description="Only pushes to this branch or tag, and pull requests from this branch. Pass its name, of at "
            "most 255 characters.",
            examples=["main"],
        ),
    ] = ""
    actor: Annotated[
        str, Meta(max_length=255, description="Only activity of this account. Pass its login.", examples=["octocat"])
    ] = ""
    q: Annotated[
        str,
        Meta(
            max_length=200,
            description="Only activity with this pull request number (such as #12) or commit (at least 7 characters of "
            "its hash). Any other text: only activity whose headline, branch or tag contains it. Pass at most 200 "
            "characters.",
            examples=["countdown"],
        ),
    ] = ""
    since: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description=f"Only activity at this time or later. {TIME_HINT}")
    ] = None
    until: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description=f"Only activity before this time. {TIME_HINT}")
    ] = None
    limit: Limit = 50
    cursor: Cursor = ""


class ActivityBody(msgspec.Struct):
    """A push or a pull request that reached a project. `event_id` is the id of its webhook event."""

    event_id: str
    provider: str
    received_at: Time
    summary: SummaryBody | None
    projects: list[EventProjectBody]


class ActivityList(msgspec.Struct):
    """A page of activity, newest first."""

    data: list[ActivityBody]
    next_cursor: str | None


def operations(events: Events) -> list[Operation]:
    """Return the operation for the activity of an organization."""
    group = OperationGroup(Tag.EVENTS)

    @group.add(
        "GET",
        ACTIVITY,
        "List activity",
        Success(ActivityList),
        description="Returns the pushes and pull requests that reached at least one project, newest first. A page can "
        "have fewer entries than `limit`, or none: continue until `next_cursor` is null.",
    )
    async def list_activity(call: Call[ActivityQuery, None]) -> Response:
        query = call.query
        page = await events.list(
            call.actor,
            OneOrganization(call.organization_id),
            where=filter_activity(
                query.kind,
                project_id=query.project_id,
                repo_id=RepoId(query.repo_id) if query.repo_id else None,
                branch=query.branch or None,
                actor=query.actor or None,
                query=parse_event_query(query.q),
                since=query.since,
                until=query.until,
            ),
            limit=query.limit,
            before=read_row_cursor(query.cursor, EventId),
        )
        entries = [
            ActivityBody(
                view.event.delivery_id,
                view.event.provider,
                view.event.created_at,
                summary_body(view),
                project_bodies(view.projects),
            )
            for view in page.views
        ]
        return Json(ActivityList(entries, encode_row_cursor(page.next)))

    return group.operations
