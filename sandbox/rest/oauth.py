"""The OAuth endpoint that exchanges codes and refresh tokens for tokens.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from hmac import compare_digest
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.rest.answers import Refusal
from sandbox.rest.outages import apply_faults
from sandbox.sandbox import Sandbox
from sandbox.state.apps import App
from sandbox.state.tokens import UserToken
from sandbox.user_tokens import LIFETIME, REFRESH_LIFETIME, create_tokens, redeem_code, refresh_tokens

PATH = "/login/oauth/access_token"
_ERRORS = {
    "incorrect_client_credentials": "The client_id and/or client_secret passed are incorrect.",
    "redirect_uri_mismatch": "The redirect_uri MUST match the registered callback URL for this application.",
    "bad_verification_code": "The code passed is incorrect or expired.",
    "bad_refresh_token": "The refresh token passed is incorrect or expired.",
    "unsupported_grant_type": "The grant type is not supported.",
    "unverified_user_email": "The user must have a verified primary email.",
}
_HELP = "https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"


class _OAuthError(Exception):
    """One of the errors above, which GitHub returns with status 200."""


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the route of the token endpoint."""

    async def issue_tokens(request: Request) -> Response:
        parameters = await _read_parameters(request)
        try:
            await apply_faults(sandbox, PATH, request.receive)
        except Refusal as refusal:
            return Response(msgspec.json.encode(refusal.answer.body), refusal.answer.status, refusal.answer.headers)
        sandbox.changes += 1
        try:
            answer = _render_tokens(_issue_tokens(sandbox, parameters))
        except _OAuthError as refusal:
            code = str(refusal)
            answer = {"error": code, "error_description": _ERRORS[code], "error_uri": _HELP}
        if "json" in request.headers.get("accept", ""):
            return Response(msgspec.json.encode(answer), media_type="application/json")
        return Response(urlencode(answer), media_type="application/x-www-form-urlencoded")

    return [Route(PATH, issue_tokens, methods=["POST"])]


async def _read_parameters(request: Request) -> dict[str, str]:
    """Return the parameters of the query and of the body, a form or JSON."""
    content = await request.body()
    if "json" not in request.headers.get("content-type", ""):
        return {**request.query_params, **dict(parse_qsl(content.decode("utf-8", "replace")))}
    try:
        return msgspec.json.decode(content, type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _issue_tokens(sandbox: Sandbox, parameters: dict[str, str]) -> UserToken:
    app = sandbox.data.find_app_by_client(parameters.get("client_id"))
    secret = parameters.get("client_secret", "")
    if app is None or not compare_digest(app.client_secret.encode(), secret.encode()):
        raise _OAuthError("incorrect_client_credentials")
    match parameters.get("grant_type", "authorization_code"):
        case "authorization_code":
            return _exchange_code(sandbox, app, parameters)
        case "refresh_token":
            token = refresh_tokens(sandbox, app, parameters.get("refresh_token", ""))
            if token is None:
                raise _OAuthError("bad_refresh_token")
            return token
        case _:
            raise _OAuthError("unsupported_grant_type")


def _exchange_code(sandbox: Sandbox, app: App, parameters: dict[str, str]) -> UserToken:
    code = redeem_code(sandbox, app, parameters.get("code", ""), verifier=parameters.get("code_verifier"))
    if code is None:
        raise _OAuthError("bad_verification_code")
    redirect_uri = parameters.get("redirect_uri")
    allowed = [code.redirect_uri] if code.redirect_uri else app.callback_urls
    if redirect_uri is not None and redirect_uri not in allowed:
        raise _OAuthError("redirect_uri_mismatch")
    person = sandbox.data.accounts[code.user_id]
    if not any(email.primary and email.verified for email in person.emails):
        raise _OAuthError("unverified_user_email")
    return create_tokens(sandbox, app, person.id)


def _render_tokens(token: UserToken) -> dict[str, object]:
    return {
        "access_token": token.token,
        "expires_in": int(LIFETIME.total_seconds()),
        "refresh_token": token.refresh_token,
        "refresh_token_expires_in": int(REFRESH_LIFETIME.total_seconds()),
        "token_type": "bearer",
        "scope": "",
    }
