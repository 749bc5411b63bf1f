"""The page on which a person authorizes an app.

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
from sandbox.user_tokens import create_code
from sandbox.web.html import element
from sandbox.web.page import form, redirect, render_not_found, render_page
from sandbox.web.return_urls import add_query
from sandbox.web.session import read_field, read_form, require_sign_in

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
    return [
        Route(PATH, require_sign_in(sandbox, _show)),
        Route(PATH, require_sign_in(sandbox, _decide), methods=["POST"]),
    ]


async def _show(sandbox: Sandbox, request: Request, person: Account) -> Response:
    parameters = request.query_params
    app = sandbox.data.find_app_by_client(parameters.get("client_id"))
    if app is None:
        return render_not_found(person)
    error = _find_error(app, parameters)
    if error is not None:
        return _redirect_with_error(app, parameters, error)
    if (app.id, person.id) in sandbox.data.grants and parameters.get("prompt") != "select_account":
        return _redirect_with_code(sandbox, app, person, parameters)
    return render_page(
        f"Authorize {app.name}",
        element("p", f"{app.name} wants to verify your GitHub identity ({person.login})."),
        form(
            PATH,
            element("button", f"Authorize {app.name}", class_="primary", name="decision", value="authorize"),
            " ",
            element("button", "Cancel", name="decision", value="deny"),
            **{name: parameters[name] for name in _CARRIED if name in parameters},
        ),
        element("p", element("a", "Use a different account", href=f"/login?return_to={_quote_current_url(request)}")),
        person=person,
    )


async def _decide(sandbox: Sandbox, request: Request, person: Account) -> Response:
    fields = await read_form(request)
    parameters = {name: read_field(fields, name) for name in _CARRIED if name in fields}
    app = sandbox.data.find_app_by_client(parameters.get("client_id"))
    if app is None:
        return render_not_found(person)
    error = _find_error(app, parameters)
    if error is not None or read_field(fields, "decision") != "authorize":
        return _redirect_with_error(app, parameters, error or "access_denied")
    return _redirect_with_code(sandbox, app, person, parameters)


def _find_error(app: App, parameters: Mapping[str, str]) -> str | None:
    redirect_uri, challenge = parameters.get("redirect_uri"), parameters.get("code_challenge")
    if not app.callback_urls or redirect_uri not in (None, *app.callback_urls):
        return "redirect_uri_mismatch"
    is_valid = len(challenge or "") == _CHALLENGE_LENGTH and parameters.get("code_challenge_method") == "S256"
    return None if challenge is None or is_valid else "invalid_request"


def _redirect_with_code(sandbox: Sandbox, app: App, person: Account, parameters: Mapping[str, str]) -> Response:
    code = create_code(
        sandbox,
        app,
        person.id,
        redirect_uri=parameters.get("redirect_uri"),
        code_challenge=parameters.get("code_challenge"),
    )
    sandbox.changes += 1
    url = parameters.get("redirect_uri") or app.callback_urls[0]
    return redirect(add_query(url, code=code, state=parameters.get("state")))


def _redirect_with_error(app: App, parameters: Mapping[str, str], error: str) -> Response:
    """Redirect with an error. If the redirect URI is wrong, redirect to the app's first callback URL."""
    requested_url = parameters.get("redirect_uri")
    url = requested_url if requested_url in app.callback_urls else next(iter(app.callback_urls), app.url)
    return redirect(
        add_query(
            url or app.url,
            error=error,
            error_description=_DESCRIPTIONS[error],
            error_uri=f"{_HELP}#{error.replace('_', '-')}",
            state=parameters.get("state"),
        )
    )


def _quote_current_url(request: Request) -> str:
    return quote(f"{PATH}?{request.url.query}", safe="")
