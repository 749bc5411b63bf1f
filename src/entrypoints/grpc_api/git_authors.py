from collections.abc import Mapping
from dataclasses import dataclass

from core.application import Application
from core.domain.attribution.attribution import AttributionStatus, Method, NamedUser
from core.domain.attribution.git_authors import (
    AssignmentKind,
    AuthorAssignment,
    AuthorFilter,
    Confidence,
    GitAuthor,
    SuggestionReason,
    to_author_key,
)
from crewkit.git.v1 import attributions_pb2 as wire
from crewkit.git.v1.attributions_pb2_grpc import AttributionServiceServicer
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import (
    invalid_field,
    read_enum,
    read_id,
    read_page_size,
    read_query,
    read_row_token,
    read_text,
    read_time,
)
from entrypoints.grpc_api.messages import stamp

STATUSES: Mapping[AttributionStatus, "wire.AttributionStatus.ValueType"] = {
    AttributionStatus.MATCHED: wire.ATTRIBUTION_STATUS_MATCHED,
    AttributionStatus.UNMATCHED: wire.ATTRIBUTION_STATUS_UNMATCHED,
    AttributionStatus.BOT: wire.ATTRIBUTION_STATUS_BOT,
    AttributionStatus.IGNORED: wire.ATTRIBUTION_STATUS_IGNORED,
}
METHODS: Mapping[Method, "wire.AttributionMethod.ValueType"] = {
    Method.ACCOUNT_ID: wire.ATTRIBUTION_METHOD_ACCOUNT_ID,
    Method.NOREPLY_ID: wire.ATTRIBUTION_METHOD_NOREPLY_ID,
    Method.VERIFIED_ADDRESS: wire.ATTRIBUTION_METHOD_VERIFIED_ADDRESS,
    Method.USERNAME: wire.ATTRIBUTION_METHOD_USERNAME,
    Method.MEMBER_ADDRESS: wire.ATTRIBUTION_METHOD_MEMBER_ADDRESS,
    Method.ASSIGNED: wire.ATTRIBUTION_METHOD_ASSIGNED,
    Method.BOT: wire.ATTRIBUTION_METHOD_BOT,
    Method.NOT_A_MEMBER: wire.ATTRIBUTION_METHOD_NOT_A_MEMBER,
    Method.UNKNOWN: wire.ATTRIBUTION_METHOD_UNKNOWN,
}
KINDS: Mapping[AssignmentKind, "wire.AuthorAssignmentKind.ValueType"] = {
    AssignmentKind.USER: wire.AUTHOR_ASSIGNMENT_KIND_USER,
    AssignmentKind.BOT: wire.AUTHOR_ASSIGNMENT_KIND_BOT,
    AssignmentKind.IGNORED: wire.AUTHOR_ASSIGNMENT_KIND_IGNORED,
}
REASONS: Mapping[SuggestionReason, "wire.AuthorSuggestionReason.ValueType"] = {
    SuggestionReason.SAME_NAME: wire.AUTHOR_SUGGESTION_REASON_SAME_NAME,
    SuggestionReason.SIMILAR_LOGIN: wire.AUTHOR_SUGGESTION_REASON_SIMILAR_LOGIN,
    SuggestionReason.CO_AUTHOR: wire.AUTHOR_SUGGESTION_REASON_CO_AUTHOR,
}
CONFIDENCES: Mapping[Confidence, "wire.AuthorSuggestionConfidence.ValueType"] = {
    Confidence.HIGH: wire.AUTHOR_SUGGESTION_CONFIDENCE_HIGH,
    Confidence.MEDIUM: wire.AUTHOR_SUGGESTION_CONFIDENCE_MEDIUM,
    Confidence.LOW: wire.AUTHOR_SUGGESTION_CONFIDENCE_LOW,
}
_LONGEST_KEY = 1024


@dataclass(frozen=True, slots=True)
class GitAuthors(AttributionServiceServicer):
    """Implements the methods of `AttributionService` for the authors of commits."""

    application: Application

    async def ListGitAuthors(
        self, request: wire.ListGitAuthorsRequest, context: Context
    ) -> wire.ListGitAuthorsResponse:
        page = await self.application.attribution.list_authors(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            where=AuthorFilter(
                read_enum(request.status, "status", STATUSES),
                read_query(request.query),
                read_id(request.project_id, "project_id") if request.project_id else None,
                read_time(request.since, "since") if request.HasField("since") else None,
            ),
            limit=read_page_size(request.page_size),
            before=read_row_token(request.page_token, int),
        )
        return wire.ListGitAuthorsResponse(
            authors=[git_author(author) for author in page.authors], next_page_token=encode_row_cursor(page.next) or ""
        )

    async def AssignGitAuthor(
        self, request: wire.AssignGitAuthorRequest, context: Context
    ) -> wire.AssignGitAuthorResponse:
        kind = read_enum(request.kind, "kind", KINDS)
        if kind is None:
            raise invalid_field("kind", "Pass the kind of the assignment.")
        if (kind is AssignmentKind.USER) is not bool(request.user_id):
            raise invalid_field("user_id", "Pass a user id for the kind AUTHOR_ASSIGNMENT_KIND_USER only.")
        assignment = await self.application.attribution.assign_author(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            key=read_text(request.key, "key", most=_LONGEST_KEY, least=1),
            kind=kind,
            user_id=read_id(request.user_id, "user_id") if request.user_id else None,
        )
        return wire.AssignGitAuthorResponse(assignment=author_assignment(assignment))

    async def UnassignGitAuthor(
        self, request: wire.UnassignGitAuthorRequest, context: Context
    ) -> wire.UnassignGitAuthorResponse:
        await self.application.attribution.unassign_author(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            key=read_text(request.key, "key", most=_LONGEST_KEY, least=1),
        )
        return wire.UnassignGitAuthorResponse()


def attributed_user(user: NamedUser | None) -> wire.AttributedUser | None:
    """Convert a member to the message."""
    return wire.AttributedUser(user_id=str(user.id), name=user.name) if user else None


def git_author(author: GitAuthor) -> wire.GitAuthor:
    """Convert an author to the message."""
    return wire.GitAuthor(
        key=to_author_key(author.address) if author.address else None,
        status=STATUSES[author.status],
        method=METHODS[author.method],
        name=author.name,
        username=author.username,
        emails=[
            wire.GitAuthorEmail(key=to_author_key(email.address), email=email.address, is_assigned=email.is_assigned)
            for email in author.emails
        ],
        user=attributed_user(author.user),
        commits=author.commits,
        last_committed_at=stamp(author.last_committed_at),
        last_recorded_at=stamp(author.last_recorded_at),
        projects=[
            wire.GitAuthorProject(project_id=str(project.id), name=project.name or "") for project in author.projects
        ],
        suggestions=[
            wire.AuthorSuggestion(
                user=attributed_user(one.user), reason=REASONS[one.reason], confidence=CONFIDENCES[one.confidence]
            )
            for one in author.suggestions
        ],
    )


def author_assignment(assignment: AuthorAssignment) -> wire.AuthorAssignment:
    """Convert an assignment to the message."""
    return wire.AuthorAssignment(
        key=to_author_key(assignment.address),
        email=assignment.address,
        kind=KINDS[assignment.kind],
        user_id=str(assignment.assignee) if assignment.assignee else None,
        assigned_at=stamp(assignment.created_at),
    )
