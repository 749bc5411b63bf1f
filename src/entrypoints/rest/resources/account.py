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


class OrganizationOfUser(msgspec.Struct):
    """An organization of the user, with the user's role."""

    id: UUID
    name: str
    role: Role


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
            "in each organization.",
            answers=[Answer(CurrentUser)],
            refusals=[UserRequired],
        )
    ]


def _current_user(account: Account) -> CurrentUser:
    user = account.user
    organizations = [
        OrganizationOfUser(membership.organization.external_id, membership.organization.name, membership.role)
        for membership in account.memberships
    ]
    return CurrentUser(user.external_id, user.email, user.name, organizations)
