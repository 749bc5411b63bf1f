from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Attribution
from core.domain.attribution.attribution import AttributionStatus, Method
from core.domain.attribution.git_authors import (
    AssigneeNotFound,
    AssignmentKind,
    AuthorAssignment,
    AuthorFilter,
    Confidence,
    GitAuthor,
    GitAuthorNotFound,
    SuggestionReason,
    to_author_key,
)
from core.domain.errors import FieldError
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import AUTHOR_ASSIGNMENT, ORGANIZATION
from entrypoints.rest.http.requests import (
    SEARCH_HINT,
    TIME_HINT,
    BodyInvalid,
    Cursor,
    Limit,
    NoQuery,
    Query,
    read_row_cursor,
)
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.resources.attributions import AttributedUser

_STATUSES = {
    "matched": AttributionStatus.MATCHED,
    "unmatched": AttributionStatus.UNMATCHED,
    "bots": AttributionStatus.BOT,
    "ignored": AttributionStatus.IGNORED,
}


class GitAuthorQuery(Query, frozen=True):
    """Which authors to list."""

    status: Annotated[
        Literal["matched", "unmatched", "bots", "ignored"] | None,
        Meta(description="Only authors with this status. Pass matched, unmatched, bots or ignored."),
    ] = None
    q: Annotated[
        str, Meta(max_length=256, description=f"A part of the name, the email address or the login. {SEARCH_HINT}")
    ] = ""
    project_id: Annotated[
        UUID | None,
        Meta(
            description="Only commits of the repository that this project is linked to now. Pass the id of "
            "a project, a UUID."
        ),
    ] = None
    since: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description=f"Only authors with a commit that was recorded at this time or later. {TIME_HINT}"),
    ] = None
    limit: Limit = 50
    cursor: Cursor = ""


class AuthorEmailBody(msgspec.Struct):
    """An email address of an author. `key` is the address in paths."""

    key: str
    email: str
    is_assigned: bool


class AuthorProject(msgspec.Struct):
    """A project that is linked to a repository with commits of the author."""

    id: UUID
    name: str


class SuggestionBody(msgspec.Struct):
    """A member who may be the author."""

    user_id: UUID
    name: str | None
    reason: SuggestionReason
    confidence: Confidence


class GitAuthorBody(msgspec.Struct):
    """A member with all their email addresses, or an email address without a member.

    `key` is the key of the email address of the last commit, null if that commit has none. `name`, `username` and
    `method` are those of the last commit. `commits` counts a commit once for each role of the author in it.
    """

    key: str | None
    status: AttributionStatus
    method: Method
    name: str
    username: str | None
    emails: list[AuthorEmailBody]
    user: AttributedUser | None
    commits: int
    last_committed_at: Time | None
    last_recorded_at: Time
    projects: list[AuthorProject]
    suggestions: list[SuggestionBody]


class GitAuthorList(msgspec.Struct):
    """A page of authors, the author of the most recently recorded commit first."""

    data: list[GitAuthorBody]
    next_cursor: str | None


class AssignmentForm(msgspec.Struct, forbid_unknown_fields=True):
    """The member who is the author, or the kind `bot` or `ignored`. Pass one of them."""

    user_id: UUID | None = None
    kind: Annotated[
        Annotated[
            Literal["bot", "ignored"],
            Meta(description="`bot`: the address belongs to a program. `ignored`: it belongs to nobody."),
        ]
        | None,
        # The example of the body has a user, so that it is valid.
        Meta(examples=[None]),
    ] = None


class AssignmentBody(msgspec.Struct):
    """The assignment of an email address. `user_id` is set if the kind is `user`."""

    key: str
    email: str
    kind: AssignmentKind
    user_id: UUID | None
    assigned_at: Time


def author_operations(attribution: Attribution) -> list[Operation]:
    """Return the operations for the authors of commits."""
    group = OperationGroup(Tag.ATTRIBUTIONS)

    @group.add(
        "GET",
        f"{ORGANIZATION}/git-authors",
        "List commit authors",
        Success(GitAuthorList),
        description="Returns one author for each member with commits, and one for each email address without a "
        "member, with members who may be the author.",
    )
    async def list_git_authors(call: Call[GitAuthorQuery, None]) -> Response:
        query = call.query
        page = await attribution.list_authors(
            call.actor,
            organization_id=call.organization_id,
            where=AuthorFilter(_STATUSES.get(query.status or ""), query.q, query.project_id, query.since),
            limit=query.limit,
            before=read_row_cursor(query.cursor, int),
        )
        return Json(GitAuthorList([_body(author) for author in page.authors], encode_row_cursor(page.next)))

    @group.add(
        "PUT",
        AUTHOR_ASSIGNMENT,
        "Assign a commit author",
        Success(AssignmentBody),
        errors=[AssigneeNotFound, GitAuthorNotFound],
        description="Attributes all past and future commits with this email address to a member, or marks the address "
        "as a bot or as ignored. The assignment overrides every other method. An owner or admin can assign.",
    )
    async def assign_git_author(call: Call[NoQuery, AssignmentForm]) -> Response:
        user_id, kind = call.body.user_id, call.body.kind
        if (user_id is None) is (kind is None):
            problem = "Pass either `user_id` or `kind`."
            raise BodyInvalid(problem, fields=[FieldError("user_id", problem)])
        assignment = await attribution.assign_author(
            call.actor,
            organization_id=call.organization_id,
            key=call.author_key,
            kind=AssignmentKind(kind or "user"),
            user_id=user_id,
        )
        return Json(_assignment_body(assignment))

    @group.add(
        "DELETE",
        AUTHOR_ASSIGNMENT,
        "Undo the assignment of a commit author",
        Success(status=HTTPStatus.NO_CONTENT),
        errors=[GitAuthorNotFound],
        description="Deletes the assignment of this email address. Its commits are attributed as if it had never been "
        "assigned. If the address has no assignment, nothing changes.",
    )
    async def unassign_git_author(call: Call[NoQuery, None]) -> Response:
        await attribution.unassign_author(call.actor, organization_id=call.organization_id, key=call.author_key)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return group.operations


def _body(author: GitAuthor) -> GitAuthorBody:
    return GitAuthorBody(
        key=to_author_key(author.address) if author.address else None,
        status=author.status,
        method=author.method,
        name=author.name,
        username=author.username,
        emails=[
            AuthorEmailBody(to_author_key(email.address), email.address, email.is_assigned) for email in author.emails
        ],
        user=AttributedUser(author.user.id, author.user.name) if author.user else None,
        commits=author.commits,
        last_committed_at=author.last_committed_at,
        last_recorded_at=author.last_recorded_at,
        projects=[AuthorProject(project.id, project.name or "") for project in author.projects],
        suggestions=[
            SuggestionBody(one.user.id, one.user.name, one.reason, one.confidence) for one in author.suggestions
        ],
    )


def _assignment_body(assignment: AuthorAssignment) -> AssignmentBody:
    return AssignmentBody(
        to_author_key(assignment.address),
        assignment.address,
        assignment.kind,
        assignment.assignee,
        assignment.created_at,
    )
