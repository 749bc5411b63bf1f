"""The read tokens that services hold."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Tokens
from core.domain.audit import parse_actor_name
from core.domain.organizations import User
from core.domain.tokens.installation_tokens import ReadTokenNotFound, TokenLeaseId, TokenLeaseState
from core.use_cases.tokens.token_leases import LeaseView
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import READ_TOKEN, READ_TOKENS
from entrypoints.rest.http.requests import Cursor, Limit, NoQuery, Query, read_row_cursor
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.resources.actors import VersionActor, to_actor_body


class ReadTokenQuery(Query, frozen=True):
    """Which read tokens to list."""

    valid: Annotated[
        bool, Meta(description="Whether to list only tokens that are neither expired nor revoked. Pass true or false.")
    ] = False
    limit: Limit = 50
    cursor: Cursor = ""


class ReadTokenRepository(msgspec.Struct):
    """A repository that a read token can read.

    `full_name` is null if the integration can no longer access the repository. `project_ids` are the projects that are
    linked to the repository now.
    """

    repo_id: str
    full_name: str | None
    project_ids: list[UUID]


class ReadTokenBody(msgspec.Struct):
    """The record of a read token that was issued to a service. It does not contain the token.

    `holder` is the service, with the user that it acts for. `reason` is the purpose that the service stated.
    """

    id: UUID
    provider: str
    status: TokenLeaseState
    holder: VersionActor
    reason: str
    repositories: list[ReadTokenRepository]
    permissions: dict[str, str]
    issued_at: Time
    expires_at: Time
    revoked_at: Time | None


class ReadTokenList(msgspec.Struct):
    """A page of read tokens, newest first."""

    data: list[ReadTokenBody]
    next_cursor: str | None


def operations(tokens: Tokens) -> list[Operation]:
    """Return the operations for the read tokens of services."""
    group = OperationGroup(Tag.INTEGRATIONS)

    @group.add(
        "GET",
        READ_TOKENS,
        "List read tokens",
        Success(ReadTokenList),
        description="Returns which services were issued read tokens, for which repositories, why, and until when, "
        "newest first. It never returns a token. Owners and admins see all tokens of the organization; other members "
        "see those that a service holds for them.",
    )
    async def list_read_tokens(call: Call[ReadTokenQuery, None]) -> Response:
        page = await tokens.list_leases(
            call.actor,
            organization_id=call.organization_id,
            only_valid=call.query.valid,
            limit=call.query.limit,
            before=read_row_cursor(call.query.cursor, TokenLeaseId),
        )
        data = [_to_body(view, page.members) for view in page.leases]
        return Json(ReadTokenList(data, encode_row_cursor(page.next)))

    @group.add(
        "DELETE",
        READ_TOKEN,
        "Revoke a read token",
        Success(ReadTokenBody),
        errors=[ReadTokenNotFound],
        description="Revokes a read token, also at the provider, and returns its record. If the provider does not "
        "respond, the status is `revoking` and this service tries again automatically.",
    )
    async def revoke_read_token(call: Call[NoQuery, None]) -> Response:
        page = await tokens.revoke_read_token(call.actor, organization_id=call.organization_id, lease_id=call.lease_id)
        [view] = page.leases
        return Json(_to_body(view, page.members))

    return group.operations


def _to_body(view: LeaseView, members: Mapping[UUID, User]) -> ReadTokenBody:
    lease = view.lease
    return ReadTokenBody(
        id=lease.external_id,
        provider=view.provider,
        status=view.state,
        holder=to_actor_body(parse_actor_name(lease.actor), members),
        reason=lease.reason,
        repositories=[
            ReadTokenRepository(leased.repo_id, leased.full_name, list(leased.project_ids))
            for leased in view.repositories
        ],
        permissions=dict(lease.permissions),
        issued_at=lease.created_at,
        expires_at=lease.expires_at,
        revoked_at=lease.revoked_at,
    )
