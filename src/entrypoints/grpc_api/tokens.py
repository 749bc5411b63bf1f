from dataclasses import dataclass

from core.application import Application
from core.domain.catalog.repository import Repository
from core.domain.links.link import Link
from crewkit.git.v1 import tokens_pb2 as wire
from crewkit.git.v1.tokens_pb2_grpc import TokenServiceServicer
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import invalid_field, read_id, read_provider, read_text
from entrypoints.grpc_api.messages import stamp

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


def _repository(link: Link, repository: Repository) -> wire.TokenRepository:
    return wire.TokenRepository(
        project_id=str(link.project_external_id),
        repo_id=repository.repo_id,
        full_name=repository.full_name,
        clone_url=f"{repository.url}.git" if repository.url else "",
    )
