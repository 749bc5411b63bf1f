from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.attribution.attribution import Method, Role
from core.domain.attribution.views import AttributionFilter, AttributionStatus, AttributionView
from core.use_cases.attribution.list_attributions import ListAttributions
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.cursors import decode_cursor, encode_cursor
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import ORGANIZATION
from entrypoints.rest.http.queries import Cursor, Limit, Query, read_query

_Status = Annotated[
    Literal["matched", "unmatched", "bot"] | None,
    Meta(description="Only attributions with this status. Pass matched, unmatched or bot."),
]
_Project = Annotated[
    UUID | None,
    Meta(
        description="Only commits of the repository that this project is linked to now. Pass the id of "
        "a project, a UUID."
    ),
]
_Place = Annotated[int, Meta(ge=1, le=2**63 - 1)]


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


def operations(authentication: Authentication, list_attributions: ListAttributions) -> list[Operation]:
    """Return what can be done with attributions."""

    async def attributions(request: Request) -> Response:
        actor = await authentication(request)
        query = read_query(request, AttributionQuery)
        status = AttributionStatus(query.status) if query.status else None
        page = await list_attributions(
            actor,
            organization_id=request.path_params["org_id"],
            where=AttributionFilter(status, query.project_id),
            limit=query.limit,
            before=decode_cursor(query.cursor, _Place),
        )
        following = encode_cursor(page.next) if page.next else None
        return Json(AttributionList([_body(view) for view in page.attributions], following))

    return [
        Operation(
            "GET",
            f"{ORGANIZATION}/git-attributions",
            attributions,
            name="list_attributions",
            summary="List commit attributions",
            tag=Tag.ATTRIBUTIONS,
            query=AttributionQuery,
            answers=[Answer(AttributionList)],
            description="Returns the authors, committers and co-authors of commits, and the user that each "
            "person was matched to. Do not use attributions for authentication: anyone can write any author "
            "into a commit.",
        )
    ]


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
