"""The pages on which members sign in to organizations that require single sign-on."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.rest.account_rules import build_sign_on_url
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.web.html import element
from sandbox.web.page import button, render_not_found, render_page
from sandbox.web.session import require_sign_in


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page of a person's organizations and the page of one organization."""
    path = "/orgs/{login}/sso"
    return [
        Route("/settings/organizations", require_sign_in(sandbox, _list_organizations)),
        Route(path, require_sign_in(sandbox, _show_organization)),
        Route(path, require_sign_in(sandbox, _sign_on), methods=["POST"]),
    ]


async def _list_organizations(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    organizations = [
        organization for organization in sandbox.data.accounts.values() if person.id in organization.members
    ]
    rows = [
        element("p", element("a", organization.login, href=build_sign_on_url(sandbox.links, organization)))
        if not organization.is_signed_on(person.id)
        else element("p", organization.login)
        for organization in organizations
    ]
    return render_page("Organizations", rows, person=person)


async def _show_organization(sandbox: Sandbox, request: Request, person: Account) -> Response:
    account = _find_organization(sandbox, request, person)
    if account is None:
        return render_not_found(person)
    if account.is_signed_on(person.id):
        return render_page(f"Signed in to {account.login}", element("p", "You can close this page."), person=person)
    return render_page(
        f"Single sign-on to {account.login}",
        element("p", f"{account.login} requires SAML single sign-on."),
        button("Continue", request.url.path, look="primary"),
        person=person,
    )


async def _sign_on(sandbox: Sandbox, request: Request, person: Account) -> Response:
    account = _find_organization(sandbox, request, person)
    if account is not None:
        account.signed_on.add(person.id)
    return await _show_organization(sandbox, request, person)


def _find_organization(sandbox: Sandbox, request: Request, person: Account) -> Account | None:
    account = sandbox.data.account(request.path_params["login"])
    return account if account is not None and person.id in account.members else None
