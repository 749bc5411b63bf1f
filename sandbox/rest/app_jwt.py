"""Who signed an App's JWT, by GitHub's rules and in its words.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.types import Options

from sandbox.rest.answers import Refusal
from sandbox.state.apps import App
from sandbox.state.world import World

_LONGEST_SECONDS = 600
# Only the signature is the library's to check: GitHub has its own words for each claim.
_SIGNATURE_ALONE = Options(
    verify_exp=False,
    verify_iat=False,
    verify_nbf=False,
    verify_aud=False,
    verify_iss=False,
    verify_sub=False,
    verify_jti=False,
)


def app_of_jwt(world: World, token: str, now: datetime) -> App:
    """Return the app that signed this."""
    app = _named_app(world, _unverified(token).get("iss"))
    try:
        claims = jwt.decode(token, _parsed(app.public_key), algorithms=["RS256"], options=_SIGNATURE_ALONE)
    except jwt.PyJWTError as error:
        raise _undecodable() from error
    _check_expiry(claims, now)
    _check_issued(claims, now)
    return app


def _unverified(token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False}, algorithms=["RS256"])
    except jwt.PyJWTError as error:
        raise _undecodable() from error
    return claims


def _named_app(world: World, issuer: object) -> App:
    if issuer is None:
        raise _refused("Missing 'issuer' claim ('iss') in assertion")
    for app in world.apps.values():
        if str(issuer) in (app.client_id, str(app.id)):
            return app
    raise Refusal(HTTPStatus.NOT_FOUND, "Integration not found")


def _check_expiry(claims: dict[str, Any], now: datetime) -> None:
    if "exp" not in claims:
        raise _refused("Missing 'Expiration time' claim ('exp') in assertion")
    expires = claims["exp"]
    if not isinstance(expires, int | float) or expires <= now.timestamp():
        raise _refused(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
            "the assertion expires"
        )
    if expires > now.timestamp() + _LONGEST_SECONDS:
        raise _refused("'Expiration time' claim ('exp') is too far in the future")


def _check_issued(claims: dict[str, Any], now: datetime) -> None:
    if "iat" not in claims:
        raise _refused("Missing 'Issued at' claim ('iat') in assertion")
    issued = claims["iat"]
    if not isinstance(issued, int) or issued > now.timestamp():
        raise _refused(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )


@lru_cache(maxsize=16)
def _parsed(public_key: str) -> RSAPublicKey:
    key = load_pem_public_key(public_key.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def _undecodable() -> Refusal:
    return _refused("A JSON web token could not be decoded")


def _refused(message: str) -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, message)
