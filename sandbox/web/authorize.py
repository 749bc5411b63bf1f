"""The page where a person authorizes an app.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from collections.abc import Mapping
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.user_tokens import new_code
from sandbox.web.html import el
from sandbox.web.page import form, go_to, not_found_page, page
from sandbox.web.returns import with_query
from sandbox.web.session import for_people, last, read_form

PATH = "/login/oauth/authorize"
_CHALLENGE_LENGTH = 43
_CARRIED = ("client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method")
_HELP = "https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-authorization-request-errors"
_DESCRIPTIONS = {
    "access_denied": "The user has denied your application access.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
    "invalid_request": "The code_challenge must be made by S256 and be 43 characters long.",
}


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page."""
    return [Route(PATH, for_people(sandbox, _show)), Route(PATH, for_people(sandbox, _decide), methods=["POST"])]


async def _show(sandbox: Sandbox, request: Request, person: Account) -> Response:
    asked = request.query_params
    app = sandbox.world.app_of_client(asked.get("client_id"))
    if app is None:
        return not_found_page(person)
    wrong = _wrong(app, asked)
    if wrong is not None:
        return _error(app, asked, wrong)
    if (app.id, person.id) in sandbox.world.grants and asked.get("prompt") != "select_account":
        return _authorized(sandbox, app, person, asked)
    return page(
        f"Authorize {app.name}",
        el("p", f"{app.name} wants to verify your GitHub identity ({person.login})."),
        form(
            PATH,
            el("button", f"Authorize {app.name}", class_="primary", name="decision", value="authorize"),
            " ",
            el("button", "Cancel", name="decision", value="deny"),
            **{name: asked[name] for name in _CARRIED if name in asked},
        ),
        el("p", el("a", "Use a different account", href=f"/login?return_to={_here(request)}")),
        person=person,
    )


async def _decide(sandbox: Sandbox, request: Request, person: Account) -> Response:
    fields = await read_form(request)
    asked = {name: last(fields, name) for name in _CARRIED if name in fields}
    app = sandbox.world.app_of_client(asked.get("client_id"))
    if app is None:
        return not_found_page(person)
    wrong = _wrong(app, asked)
    if wrong is not None or last(fields, "decision") != "authorize":
        return _error(app, asked, wrong or "access_denied")
    return _authorized(sandbox, app, person, asked)


def _wrong(app: App, asked: Mapping[str, str]) -> str | None:
    redirect_uri, challenge = asked.get("redirect_uri"), asked.get("code_challenge")
    if not app.callback_urls or redirect_uri not in (None, *app.callback_urls):
        return "redirect_uri_mismatch"
    made_well = len(challenge or "") == _CHALLENGE_LENGTH and asked.get("code_challenge_method") == "S256"
    return None if challenge is None or made_well else "invalid_request"


def _authorized(sandbox: Sandbox, app: App, person: Account, asked: Mapping[str, str]) -> Response:
    code = new_code(
        sandbox, app, person.id, redirect_uri=asked.get("redirect_uri"), code_challenge=asked.get("code_challenge")
    )
    sandbox.changes += 1
    url = asked.get("redirect_uri") or app.callback_urls[0]
    return go_to(with_query(url, code=code, state=asked.get("state")))


def _error(app: App, asked: Mapping[str, str], error: str) -> Response:
    """Redirect with an error. If the redirect URI is wrong, redirect to the app's first callback URL."""
    asked_url = asked.get("redirect_uri")
    url = asked_url if asked_url in app.callback_urls else next(iter(app.callback_urls), app.url)
    return go_to(
        with_query(
            url or app.url,
            error=error,
            error_description=_DESCRIPTIONS[error],
            error_uri=f"{_HELP}#{error.replace('_', '-')}",
            state=asked.get("state"),
        )
    )


def _here(request: Request) -> str:
    return quote(f"{PATH}?{request.url.query}", safe="")
