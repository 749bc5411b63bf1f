from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.domain.organizations import Role
from core.use_cases.account.who_am_i import Account, WhoAmI
from entrypoints.rest.authentication import Authentication
from entrypoints.rest.json_response import Json


class OrganizationOfUser(msgspec.Struct):
    """An organization the user belongs to, with their role there."""

    id: UUID
    name: str
    role: Role


class CurrentUser(msgspec.Struct):
    """Who the caller is."""

    id: UUID
    email: str
    name: str | None
    organizations: list[OrganizationOfUser]


def routes(authentication: Authentication, who_am_i: WhoAmI) -> list[Route]:
    """Return the routes about the caller's own account."""

    async def show_user(request: Request) -> Response:
        return Json(_current_user(await who_am_i(await authentication(request))))

    return [Route("/api/v1/user", show_user)]


def _current_user(account: Account) -> CurrentUser:
    user = account.user
    organizations = [
        OrganizationOfUser(membership.organization.external_id, membership.organization.name, membership.role)
        for membership in account.memberships
    ]
    return CurrentUser(user.external_id, user.email, user.name, organizations)
