"""User tokens: issued for a code or a refresh token, which work once, and revoked together."""

import base64
import hashlib
import secrets
from datetime import timedelta
from hmac import compare_digest

from sandbox.sandbox import Sandbox
from sandbox.state.apps import App
from sandbox.state.data import SandboxData
from sandbox.state.tokens import AuthorizationCode, UserToken

LIFETIME = timedelta(seconds=28_800)
REFRESH_LIFETIME = timedelta(seconds=15_811_200)
_CODE_LIFETIME = timedelta(minutes=10)
_MOST_TOKENS = 10


def create_code(
    sandbox: Sandbox, app: App, user_id: int, *, redirect_uri: str | None = None, code_challenge: str | None = None
) -> str:
    """Authorize the app for this person and return an authorization code."""
    code = AuthorizationCode(secrets.token_hex(10), app.id, user_id, sandbox.now(), redirect_uri, code_challenge)
    sandbox.data.grants.add((app.id, user_id))
    sandbox.data.codes[code.code] = code
    return code.code


def redeem_code(sandbox: Sandbox, app: App, value: str, *, verifier: str | None) -> AuthorizationCode | None:
    """Use a code up. Return None if it is used, expired, of another app or without its PKCE verifier."""
    code = sandbox.data.codes.pop(value, None)
    if code is None or code.app_id != app.id or code.created_at + _CODE_LIFETIME <= sandbox.now():
        return None
    if code.code_challenge is not None and not _is_valid_verifier(code.code_challenge, verifier or ""):
        return None
    return code


def create_tokens(sandbox: Sandbox, app: App, user_id: int) -> UserToken:
    """Issue an access token with a refresh token. A person has at most ten; the oldest is deleted."""
    data, now = sandbox.data, sandbox.now()
    token = UserToken(
        id=data.new_id("authorization"),
        token=f"ghu_{secrets.token_hex(18)}",
        refresh_token=f"ghr_{secrets.token_hex(38)}",
        app_id=app.id,
        user_id=user_id,
        created_at=now,
        expires_at=now + LIFETIME,
        refresh_expires_at=now + REFRESH_LIFETIME,
    )
    data.user_tokens[token.token] = token
    tokens = [token for token in data.user_tokens.values() if (token.app_id, token.user_id) == (app.id, user_id)]
    for oldest in tokens[:-_MOST_TOKENS]:
        del data.user_tokens[oldest.token]
    return token


def refresh_tokens(sandbox: Sandbox, app: App, refresh_token: str) -> UserToken | None:
    """Use a refresh token up, with its access token, for new tokens. Return None if it is not valid."""
    for token in sandbox.data.user_tokens.values():
        if token.app_id == app.id and compare_digest(token.refresh_token.encode(), refresh_token.encode()):
            del sandbox.data.user_tokens[token.token]
            is_expired = token.refresh_expires_at <= sandbox.now()
            return None if is_expired else create_tokens(sandbox, app, token.user_id)
    return None


def revoke_grant_tokens(data: SandboxData, app_id: int, user_id: int) -> None:
    """Delete an authorization with every token and code of the person for the app."""
    data.grants.discard((app_id, user_id))
    data.user_tokens = {
        value: token for value, token in data.user_tokens.items() if (token.app_id, token.user_id) != (app_id, user_id)
    }
    data.codes = {value: code for value, code in data.codes.items() if (code.app_id, code.user_id) != (app_id, user_id)}


def _is_valid_verifier(challenge: str, verifier: str) -> bool:
    """Return whether a verifier matches an S256 challenge: https://www.rfc-editor.org/rfc/rfc7636#section-4.6."""
    computed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return compare_digest(computed, challenge.encode())
