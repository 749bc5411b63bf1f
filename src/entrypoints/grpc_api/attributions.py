import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.attribution.attribution import AttributionFilter, AttributionView, Role
from core.domain.identifiers import RepoId
from crewkit.git.v1 import attributions_pb2 as wire
from entrypoints.edge.cursors import RowId, encode_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import (
    invalid_field,
    read_enum,
    read_id,
    read_name,
    read_page_size,
    read_page_token,
    read_provider,
)
from entrypoints.grpc_api.git_authors import METHODS, STATUSES, GitAuthors, attributed_user
from entrypoints.grpc_api.messages import stamp

ROLES: Mapping[Role, "wire.AttributionRole.ValueType"] = {
    Role.AUTHOR: wire.ATTRIBUTION_ROLE_AUTHOR,
    Role.COMMITTER: wire.ATTRIBUTION_ROLE_COMMITTER,
    Role.CO_AUTHOR: wire.ATTRIBUTION_ROLE_CO_AUTHOR,
}
_MOST_COMMITS = 100
# SHA-1, or SHA-256 as newer repositories have it.
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Attributions(GitAuthors):
    """Implements `AttributionService`."""

    async def ListAttributions(
        self, request: wire.ListAttributionsRequest, context: Context
    ) -> wire.ListAttributionsResponse:
        page = await self.application.attribution.list(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            where=AttributionFilter(
                read_enum(request.status, "status", STATUSES),
                read_id(request.project_id, "project_id") if request.project_id else None,
            ),
            limit=read_page_size(request.page_size),
            before=read_page_token(request.page_token, RowId),
        )
        return wire.ListAttributionsResponse(
            attributions=[attribution(view) for view in page.attributions],
            next_page_token=encode_cursor(page.next) or "",
        )

    async def ResolveCommitAuthors(
        self, request: wire.ResolveCommitAuthorsRequest, context: Context
    ) -> wire.ResolveCommitAuthorsResponse:
        if not 1 <= len(request.shas) <= _MOST_COMMITS or not all(map(_SHA.fullmatch, request.shas)):
            raise invalid_field("shas", f"Must have 1 to {_MOST_COMMITS} full commit hashes.")
        people = await self.application.attribution.resolve(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_provider(request.provider),
            repo_id=RepoId(read_name(request.repo_id, "repo_id")),
            shas=list(request.shas),
        )
        return wire.ResolveCommitAuthorsResponse(
            commits=[
                wire.CommitAuthors(sha=sha, people=[attribution(view) for view in views])
                for sha, views in people.items()
            ]
        )


def attribution(view: AttributionView) -> wire.Attribution:
    """Convert an attribution to its message."""
    return wire.Attribution(
        provider=view.provider,
        repo_id=view.repo_id,
        repo_full_name=view.repo_full_name,
        sha=view.sha,
        role=ROLES[view.role],
        name=view.name,
        email=view.address,
        username=view.username,
        status=STATUSES[view.status],
        method=METHODS[view.method],
        user=attributed_user(view.user),
        committed_at=stamp(view.committed_at),
        recorded_at=stamp(view.recorded_at),
    )
