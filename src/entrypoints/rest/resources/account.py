from enum import Enum
from uuid import UUID

import msgspec
from starlette.responses import Response

from core.application import Account
from core.domain.organizations import Role
from core.use_cases.authorization import UserRequired
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.responses import Json


class Permission(Enum):
    """What a user may do in an organization.

    `read`: read everything except payloads and the audit log. `stream`: receive domain events. `link`: import
    repositories, and link, change or unlink them. `sync`: refresh the repository list. `install`: connect GitHub.
    `disconnect`: disconnect GitHub. `read_payload`: read the payloads of webhook events. `retry`: retry webhook
    events. `audit`: read the audit log. `issue_token`: get read tokens for repositories (services only).
    `assign`: assign commit authors to users. `revoke_token`: revoke the read tokens of services.
    """

    READ = "read"
    STREAM = "stream"
    LINK = "link"
    SYNC = "sync"
    INSTALL = "install"
    DISCONNECT = "disconnect"
    READ_PAYLOAD = "read_payload"
    RETRY = "retry"
    AUDIT = "audit"
    ISSUE_TOKEN = "issue_token"  # noqa: S105 - an action, not a password
    ASSIGN = "assign"
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - an action, not a password


class OrganizationOfUser(msgspec.Struct):
    """An organization of the user, with the user's role and what the role allows."""

    id: UUID
    name: str
    role: Role
    permissions: list[Permission]


class CurrentUser(msgspec.Struct):
    """The calling user."""

    id: UUID
    email: str
    name: str | None
    organizations: list[OrganizationOfUser]


def operations(account: Account) -> list[Operation]:
    """Return the operations for the caller's own account."""
    group = OperationGroup(Tag.ACCOUNT)

    @group.add(
        "GET",
        "/api/v1/user",
        "Get the current user",
        Success(CurrentUser),
        errors=[UserRequired],
        description="Returns the user of the access token, the user's organizations, and the user's role and "
        "permissions in each organization. A request that needs another permission returns `action_forbidden`.",
    )
    async def show_user(call: Call[NoQuery, None]) -> Response:
        profile = await account.who_am_i(call.actor)
        organizations = [
            OrganizationOfUser(
                membership.organization.external_id,
                membership.organization.name,
                membership.role,
                [Permission(action.value) for action in membership.permissions],
            )
            for membership in profile.memberships
        ]
        return Json(CurrentUser(profile.user.external_id, profile.user.email, profile.user.name, organizations))

    return group.operations
