"""Checks and revocations of user tokens by the app."""

import hashlib
from http import HTTPStatus

import msgspec

from sandbox.payloads.accounts import render_account
from sandbox.payloads.links import format_time
from sandbox.rest.answers import ApiResponse, not_found, unprocessable
from sandbox.rest.call import Call, Endpoint
from sandbox.state.tokens import UserToken
from sandbox.user_tokens import revoke_grant_tokens


class TokenBody(msgspec.Struct):
    """The token in the request body."""

    access_token: str | None = None


def check_token(call: Call) -> ApiResponse:
    """Return the properties of a token."""
    token, sandbox = _get_token(call), call.sandbox
    app = sandbox.data.apps[token.app_id]
    return ApiResponse(
        {
            "id": token.id,
            "url": f"{sandbox.links.api}/authorizations/{token.id}",
            "scopes": [],
            "token": token.token,
            "token_last_eight": token.token[-8:],
            "hashed_token": hashlib.sha256(token.token.encode()).hexdigest(),
            "app": {"client_id": app.client_id, "name": app.name, "url": app.url},
            "note": None,
            "note_url": None,
            "updated_at": format_time(token.created_at),
            "created_at": format_time(token.created_at),
            "fingerprint": None,
            "expires_at": format_time(token.expires_at),
            "user": render_account(sandbox.links, sandbox.data.accounts[token.user_id]),
        }
    )


def revoke_token(call: Call) -> ApiResponse:
    """Revoke a token."""
    del call.sandbox.data.user_tokens[_get_token(call).token]
    return ApiResponse(status=HTTPStatus.NO_CONTENT)


def revoke_grant(call: Call) -> ApiResponse:
    """Revoke the authorization of the token's person."""
    token = _get_token(call)
    revoke_grant_tokens(call.sandbox.data, token.app_id, token.user_id)
    return ApiResponse(status=HTTPStatus.NO_CONTENT)


def _get_token(call: Call) -> UserToken:
    app = call.as_client(call.parts["client_id"]).app
    value = call.body(TokenBody).access_token
    if not value:
        raise unprocessable("Validation Failed", resource="OauthAccess", code="missing_field", field="access_token")
    token = call.sandbox.data.user_tokens.get(value)
    if token is None or token.app_id != app.id or token.expires_at <= call.sandbox.now():
        raise not_found()
    return token


ENDPOINTS = (
    Endpoint("POST", "/applications/{client_id}/token", check_token),
    Endpoint("DELETE", "/applications/{client_id}/token", revoke_token),
    Endpoint("DELETE", "/applications/{client_id}/grant", revoke_grant),
)
