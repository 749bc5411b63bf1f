"""A person's own settings: addresses, and the apps they authorized."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account, Email
from sandbox.web.html import Child, Html, el, together
from sandbox.web.page import button, checkbox, field, form, page, table
from sandbox.web.session import for_people

PATH = "/settings/profile"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page."""
    return [Route(PATH, for_people(sandbox, _show))]


async def _show(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    world = sandbox.world
    emails: list[list[Child]] = [[one.address, _words(one), _email_buttons(one)] for one in person.emails]
    apps = [world.apps[app_id] for app_id, person_id in sorted(world.grants) if person_id == person.id]
    authorized: list[list[Child]] = [
        [app.name, button("Revoke", "/do/revoke_authorization", app=app.slug, return_to=PATH)] for app in apps
    ]
    return page(
        person.name or person.login,
        el("h2", "Email addresses"),
        table(["Address", "", ""], emails),
        form(
            "/do/add_email",
            field("Address", "address", type="email", required=True),
            checkbox("Verified", "verified"),
            el("button", "Add email address"),
            return_to=PATH,
        ),
        el("h2", "Authorized apps"),
        table(["App", ""], authorized),
        person=person,
    )


def _words(one: Email) -> str:
    words = ["primary"] if one.primary else []
    return ", ".join([*words, "verified" if one.verified else "not verified"])


def _email_buttons(one: Email) -> Html:
    verify = button("Verify", "/do/verify_email", address=one.address, return_to=PATH)
    remove = button("Remove", "/do/remove_email", address=one.address, return_to=PATH)
    return together(None if one.verified else verify, None if one.primary else remove)
