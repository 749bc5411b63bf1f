"""Where members sign in to organizations that require single sign-on."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.rest.account_rules import sign_on_page
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.web.html import el
from sandbox.web.page import button, not_found_page, page
from sandbox.web.session import for_people


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the list of a person's organizations, and the page of one."""
    path = "/orgs/{login}/sso"
    return [
        Route("/settings/organizations", for_people(sandbox, _list)),
        Route(path, for_people(sandbox, _show)),
        Route(path, for_people(sandbox, _sign_on), methods=["POST"]),
    ]


async def _list(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    own = [one for one in sandbox.world.accounts.values() if person.id in one.members]
    rows = [
        el("p", el("a", one.login, href=sign_on_page(sandbox.links, one)))
        if not one.admits(person.id)
        else el("p", one.login)
        for one in own
    ]
    return page("Organizations", rows, person=person)


async def _show(sandbox: Sandbox, request: Request, person: Account) -> Response:
    account = _of_member(sandbox, request, person)
    if account is None:
        return not_found_page(person)
    if account.admits(person.id):
        return page(f"Signed in to {account.login}", el("p", "You can close this page."), person=person)
    return page(
        f"Single sign-on to {account.login}",
        el("p", f"{account.login} requires SAML single sign-on."),
        button("Continue", request.url.path, look="primary"),
        person=person,
    )


async def _sign_on(sandbox: Sandbox, request: Request, person: Account) -> Response:
    account = _of_member(sandbox, request, person)
    if account is not None:
        account.signed_on.add(person.id)
    return await _show(sandbox, request, person)


def _of_member(sandbox: Sandbox, request: Request, person: Account) -> Account | None:
    account = sandbox.world.account(request.path_params["login"])
    return account if account is not None and person.id in account.members else None
