"""The life of user tokens: made for a code or a refresh token, used once each, and ended together."""

import base64
import hashlib
import secrets
from datetime import timedelta
from hmac import compare_digest

from sandbox.sandbox import Sandbox
from sandbox.state.apps import App
from sandbox.state.tokens import AuthorizationCode, UserToken
from sandbox.state.world import World

LIFETIME = timedelta(seconds=28_800)
REFRESH_LIFETIME = timedelta(seconds=15_811_200)
_CODE_LIFETIME = timedelta(minutes=10)
_MOST_TOKENS = 10


def new_code(
    sandbox: Sandbox, app: App, user_id: int, *, redirect_uri: str | None = None, code_challenge: str | None = None
) -> str:
    """Authorize the app for this person and make the code that says so."""
    code = AuthorizationCode(secrets.token_hex(10), app.id, user_id, sandbox.now(), redirect_uri, code_challenge)
    sandbox.world.grants.add((app.id, user_id))
    sandbox.world.codes[code.code] = code
    return code.code


def use_code(sandbox: Sandbox, app: App, value: str, *, verifier: str | None) -> AuthorizationCode | None:
    """Take a code; None for one that is used, too old, another app's or shown without its PKCE proof."""
    code = sandbox.world.codes.pop(value, None)
    if code is None or code.app_id != app.id or code.created_at + _CODE_LIFETIME <= sandbox.now():
        return None
    if code.code_challenge is not None and not _proves(code.code_challenge, verifier or ""):
        return None
    return code


def new_tokens(sandbox: Sandbox, app: App, user_id: int) -> UserToken:
    """Make an access token with its refresh token; of more than ten live ones the oldest ends."""
    world, now = sandbox.world, sandbox.now()
    token = UserToken(
        id=world.new_id("authorization"),
        token=f"ghu_{secrets.token_hex(18)}",
        refresh_token=f"ghr_{secrets.token_hex(38)}",
        app_id=app.id,
        user_id=user_id,
        created_at=now,
        expires_at=now + LIFETIME,
        refresh_expires_at=now + REFRESH_LIFETIME,
    )
    world.user_tokens[token.token] = token
    own = [one for one in world.user_tokens.values() if (one.app_id, one.user_id) == (app.id, user_id)]
    for oldest in own[:-_MOST_TOKENS]:
        del world.user_tokens[oldest.token]
    return token


def refresh(sandbox: Sandbox, app: App, refresh_token: str) -> UserToken | None:
    """Trade a refresh token, once: it and the access token it came with end at once. None if it is dead."""
    for token in sandbox.world.user_tokens.values():
        if token.app_id == app.id and compare_digest(token.refresh_token.encode(), refresh_token.encode()):
            del sandbox.world.user_tokens[token.token]
            dead = token.refresh_expires_at <= sandbox.now()
            return None if dead else new_tokens(sandbox, app, token.user_id)
    return None


def end_grant(world: World, app_id: int, user_id: int) -> None:
    """Withdraw an authorization, which ends every token and code of the person for the app."""
    world.grants.discard((app_id, user_id))
    world.user_tokens = {
        value: token for value, token in world.user_tokens.items() if (token.app_id, token.user_id) != (app_id, user_id)
    }
    world.codes = {
        value: code for value, code in world.codes.items() if (code.app_id, code.user_id) != (app_id, user_id)
    }


def _proves(challenge: str, verifier: str) -> bool:
    """Check a verifier by S256: https://www.rfc-editor.org/rfc/rfc7636#section-4.6."""
    computed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return compare_digest(computed, challenge.encode())
