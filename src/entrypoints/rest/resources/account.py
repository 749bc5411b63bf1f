from enum import Enum
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.domain.organizations import Role
from core.use_cases.account import Account, WhoAmI
from core.use_cases.authorization import UserRequired
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.json_response import Json
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.queries import NoQuery, read_query


class Permission(Enum):
    """What a user may do in an organization.

    `read`: read everything except payloads and the audit log. `stream`: receive domain events. `link`: import
    repositories, and link or unlink them. `sync`: refresh the repository list. `install`: connect GitHub.
    `disconnect`: disconnect GitHub. `read_payload`: read the payloads of webhook events. `retry`: retry webhook
    events. `audit`: read the audit log. `issue_token`: get read tokens for repositories (services only).
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


def operations(authentication: Authentication, who_am_i: WhoAmI) -> list[Operation]:
    """Return what can be done about the caller's own account."""

    async def show_user(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        return Json(_current_user(await who_am_i(actor)))

    return [
        Operation(
            "GET",
            "/api/v1/user",
            show_user,
            name="show_user",
            summary="Get the current user",
            tag=Tag.ACCOUNT,
            description="Returns the user of the access token, the user's organizations, and the user's role "
            "and permissions in each organization. A request that needs another permission returns "
            "`action_forbidden`.",
            answers=[Answer(CurrentUser)],
            refusals=[UserRequired],
        )
    ]


def _current_user(account: Account) -> CurrentUser:
    user = account.user
    organizations = [
        OrganizationOfUser(
            membership.organization.external_id,
            membership.organization.name,
            membership.role,
            [Permission(action.value) for action in membership.permissions],
        )
        for membership in account.memberships
    ]
    return CurrentUser(user.external_id, user.email, user.name, organizations)
