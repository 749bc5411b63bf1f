"""User tokens, as the app that holds them checks and ends them."""

import hashlib
from http import HTTPStatus

import msgspec

from sandbox.payloads.accounts import simple_user
from sandbox.payloads.links import stamp
from sandbox.rest.answers import Answer, not_found, unprocessable
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint
from sandbox.state.tokens import UserToken
from sandbox.user_tokens import end_grant


class Shown(msgspec.Struct):
    """The token that is meant."""

    access_token: str | None = None


def check_token(call: Call) -> Answer:
    """Show what a token is."""
    token, sandbox = _token(call), call.sandbox
    app = sandbox.world.apps[token.app_id]
    return Answer(
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
            "updated_at": stamp(token.created_at),
            "created_at": stamp(token.created_at),
            "fingerprint": None,
            "expires_at": stamp(token.expires_at),
            "user": simple_user(sandbox.links, sandbox.world.accounts[token.user_id]),
        }
    )


def revoke_token(call: Call) -> Answer:
    """End one token."""
    del call.sandbox.world.user_tokens[_token(call).token]
    return Answer(status=HTTPStatus.NO_CONTENT)


def revoke_grant(call: Call) -> Answer:
    """End the whole authorization of the token's person."""
    token = _token(call)
    end_grant(call.sandbox.world, token.app_id, token.user_id)
    return Answer(status=HTTPStatus.NO_CONTENT)


def _token(call: Call) -> UserToken:
    app = call.as_client(call.parts["client_id"]).app
    shown = call.body(Shown).access_token
    if not shown:
        raise unprocessable("Validation Failed", resource="OauthAccess", code="missing_field", field="access_token")
    token = call.sandbox.world.user_tokens.get(shown)
    if token is None or token.app_id != app.id or token.expires_at <= call.sandbox.now():
        raise not_found()
    return token


ENDPOINTS = (
    Endpoint("POST", "/applications/{client_id}/token", check_token),
    Endpoint("DELETE", "/applications/{client_id}/token", revoke_token),
    Endpoint("DELETE", "/applications/{client_id}/grant", revoke_grant),
)
