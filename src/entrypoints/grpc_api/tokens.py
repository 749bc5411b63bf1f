from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.application import Application
from core.domain.audit import parse_actor_name
from core.domain.catalog.repository import Repository
from core.domain.links.link import Link
from core.domain.organizations import User
from core.domain.tokens.installation_tokens import TokenLeaseId, TokenLeaseState
from core.use_cases.tokens.token_leases import LeaseView
from crewkit.git.v1 import tokens_pb2 as wire
from crewkit.git.v1.tokens_pb2_grpc import TokenServiceServicer
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import invalid_field, read_id, read_page_size, read_provider, read_row_token, read_text
from entrypoints.grpc_api.messages import stamp, version_actor

_MOST_PROJECTS = 100
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Tokens(TokenServiceServicer):
    """Implements `TokenService`."""

    application: Application

    async def IssueReadToken(
        self, request: wire.IssueReadTokenRequest, context: Context
    ) -> wire.IssueReadTokenResponse:
        if not 1 <= len(request.project_ids) <= _MOST_PROJECTS:
            raise invalid_field("project_ids", f"Must have 1 to {_MOST_PROJECTS} project ids.")
        issued = await self.application.tokens.issue_read_token(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_provider(request.provider),
            project_ids=[read_id(project_id, "project_ids") for project_id in request.project_ids],
            reason=read_text(request.reason.strip(), "reason", least=1, most=_LONGEST_REASON),
        )
        return wire.IssueReadTokenResponse(
            token=issued.token.reveal(),
            expires_at=stamp(issued.expires_at),
            lease_id=str(issued.lease_id),
            repositories=[_repository(link, repository) for link, repository in issued.repositories],
        )

    async def ListReadTokens(
        self, request: wire.ListReadTokensRequest, context: Context
    ) -> wire.ListReadTokensResponse:
        page = await self.application.tokens.list_leases(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            only_valid=request.only_valid,
            limit=read_page_size(request.page_size),
            before=read_row_token(request.page_token, TokenLeaseId),
        )
        return wire.ListReadTokensResponse(
            read_tokens=[_read_token(view, page.members) for view in page.leases],
            next_page_token=encode_row_cursor(page.next) or "",
        )

    async def RevokeReadToken(
        self, request: wire.RevokeReadTokenRequest, context: Context
    ) -> wire.RevokeReadTokenResponse:
        page = await self.application.tokens.revoke_read_token(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            lease_id=read_id(request.lease_id, "lease_id"),
        )
        [view] = page.leases
        return wire.RevokeReadTokenResponse(read_token=_read_token(view, page.members))


LEASE_STATES: Mapping[TokenLeaseState, "wire.ReadTokenStatus.ValueType"] = {
    TokenLeaseState.ACTIVE: wire.READ_TOKEN_STATUS_ACTIVE,
    TokenLeaseState.REVOKING: wire.READ_TOKEN_STATUS_REVOKING,
    TokenLeaseState.REVOKED: wire.READ_TOKEN_STATUS_REVOKED,
    TokenLeaseState.EXPIRED: wire.READ_TOKEN_STATUS_EXPIRED,
}


def _read_token(view: LeaseView, members: Mapping[UUID, User]) -> wire.ReadToken:
    return wire.ReadToken(
        lease_id=str(view.lease.external_id),
        provider=view.provider,
        status=LEASE_STATES[view.state],
        holder=version_actor(parse_actor_name(view.lease.actor), members),
        reason=view.lease.reason,
        repositories=[
            wire.ReadTokenRepository(
                repo_id=leased.repo_id, full_name=leased.full_name, project_ids=map(str, leased.project_ids)
            )
            for leased in view.repositories
        ],
        issued_at=stamp(view.lease.created_at),
        expires_at=stamp(view.lease.expires_at),
        revoked_at=stamp(view.lease.revoked_at),
    )


def _repository(link: Link, repository: Repository) -> wire.TokenRepository:
    return wire.TokenRepository(
        project_id=str(link.project_external_id),
        repo_id=repository.repo_id,
        full_name=repository.full_name,
        clone_url=f"{repository.url}.git" if repository.url else "",
    )
