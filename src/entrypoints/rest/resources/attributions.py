from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Attribution
from core.domain.attribution.attribution import AttributionFilter, AttributionStatus, AttributionView, Method, Role
from entrypoints.edge.cursors import RowId, encode_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import ORGANIZATION
from entrypoints.rest.http.requests import Cursor, Limit, Query, read_cursor
from entrypoints.rest.http.responses import Json, Time

_Status = Annotated[
    Literal["matched", "unmatched", "bot", "ignored"] | None,
    Meta(description="Only attributions with this status. Pass matched, unmatched, bot or ignored."),
]
_Project = Annotated[
    UUID | None,
    Meta(
        description="Only commits of the repository that this project is linked to now. Pass the id of "
        "a project, a UUID."
    ),
]


class AttributionQuery(Query, frozen=True):
    """Which attributions to list."""

    status: _Status = None
    project_id: _Project = None
    limit: Limit = 50
    cursor: Cursor = ""


class AttributedUser(msgspec.Struct):
    """A member of the organization."""

    id: UUID
    name: str | None


class AttributionBody(msgspec.Struct):
    """A person named in a commit, and the user that the person was matched to.

    `email` is in the normalized form that is used for matching. `username` is the person's login at the
    provider, if the provider sent one. For a co-author, it is the login in a noreply address, if the email
    address is one. If `user` is null, `method` is the reason.
    `committed_at` is the commit's timestamp, as sent by the provider. `recorded_at` is when this service
    first recorded the person for this commit.
    """

    provider: str
    repo_id: str
    repo_full_name: str | None
    sha: str
    role: Role
    name: str
    email: str | None
    username: str | None
    status: AttributionStatus
    method: Method
    user: AttributedUser | None
    committed_at: Time | None
    recorded_at: Time


class AttributionList(msgspec.Struct):
    """A page of attributions, most recently recorded first."""

    data: list[AttributionBody]
    next_cursor: str | None


def operations(attribution: Attribution) -> list[Operation]:
    """Return the operations for commit attributions."""
    group = OperationGroup(Tag.ATTRIBUTIONS)

    @group.add(
        "GET",
        f"{ORGANIZATION}/git-attributions",
        "List commit attributions",
        Success(AttributionList),
        description="Returns the authors, committers and co-authors of commits, and the user that each person was "
        "matched to. Do not use attributions for authentication: anyone can write any author into a commit.",
    )
    async def list_attributions(call: Call[AttributionQuery, None]) -> Response:
        status = AttributionStatus(call.query.status) if call.query.status else None
        page = await attribution.list(
            call.actor,
            organization_id=call.organization_id,
            where=AttributionFilter(status, call.query.project_id),
            limit=call.query.limit,
            before=read_cursor(call.query.cursor, RowId),
        )
        return Json(AttributionList([_body(view) for view in page.attributions], encode_cursor(page.next)))

    return group.operations


def _body(view: AttributionView) -> AttributionBody:
    return AttributionBody(
        view.provider,
        view.repo_id,
        view.repo_full_name,
        view.sha,
        view.role,
        view.name,
        view.address,
        view.username,
        view.status,
        view.method,
        AttributedUser(view.user.id, view.user.name) if view.user else None,
        view.committed_at,
        view.recorded_at,
    )
