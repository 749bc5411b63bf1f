"""The settings of a person: email addresses and authorized apps."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account, Email
from sandbox.web.html import Child, Html, element, join
from sandbox.web.page import button, checkbox, field, form, render_page, table
from sandbox.web.session import require_sign_in

PATH = "/settings/profile"


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page."""
    return [Route(PATH, require_sign_in(sandbox, _show))]


async def _show(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    data = sandbox.data
    emails: list[list[Child]] = [
        [email.address, _describe_email(email), _render_email_buttons(email)] for email in person.emails
    ]
    apps = [data.apps[app_id] for app_id, person_id in sorted(data.grants) if person_id == person.id]
    authorized: list[list[Child]] = [
        [app.name, button("Revoke", "/do/revoke_authorization", app=app.slug, return_to=PATH)] for app in apps
    ]
    return render_page(
        person.name or person.login,
        element("h2", "Email addresses"),
        table(["Address", "", ""], emails),
        form(
            "/do/add_email",
            field("Address", "address", type="email", required=True),
            checkbox("Verified", "verified"),
            element("button", "Add email address"),
            return_to=PATH,
        ),
        element("h2", "Authorized apps"),
        table(["App", ""], authorized),
        person=person,
    )


def _describe_email(email: Email) -> str:
    words = ["primary"] if email.primary else []
    return ", ".join([*words, "verified" if email.verified else "not verified"])


def _render_email_buttons(email: Email) -> Html:
    verify = button("Verify", "/do/verify_email", address=email.address, return_to=PATH)
    remove = button("Remove", "/do/remove_email", address=email.address, return_to=PATH)
    return join(None if email.verified else verify, None if email.primary else remove)
