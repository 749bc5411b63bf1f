"""Verify an app's JWT by GitHub's rules, with its error messages.

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
from sandbox.state.data import SandboxData

_LONGEST_SECONDS = 600
# The library checks only the signature, because GitHub has its own message for each claim.
_SIGNATURE_ALONE = Options(
    verify_exp=False,
    verify_iat=False,
    verify_nbf=False,
    verify_aud=False,
    verify_iss=False,
    verify_sub=False,
    verify_jti=False,
)


def verify_app_jwt(data: SandboxData, token: str, now: datetime) -> App:
    """Return the app that signed the token; raises `Refusal`."""
    app = _get_app(data, _decode_unverified(token).get("iss"))
    try:
        claims = jwt.decode(token, _parse_key(app.public_key), algorithms=["RS256"], options=_SIGNATURE_ALONE)
    except jwt.PyJWTError as error:
        raise _invalid_jwt() from error
    _check_expiry(claims, now)
    _check_issued(claims, now)
    return app


def _decode_unverified(token: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False}, algorithms=["RS256"])
    except jwt.PyJWTError as error:
        raise _invalid_jwt() from error
    return claims


def _get_app(data: SandboxData, issuer: object) -> App:
    if issuer is None:
        raise _unauthorized("Missing 'issuer' claim ('iss') in assertion")
    for app in data.apps.values():
        if str(issuer) in (app.client_id, str(app.id)):
            return app
    raise Refusal(HTTPStatus.NOT_FOUND, "Integration not found")


def _check_expiry(claims: dict[str, Any], now: datetime) -> None:
    if "exp" not in claims:
        raise _unauthorized("Missing 'Expiration time' claim ('exp') in assertion")
    expires = claims["exp"]
    if not isinstance(expires, int | float) or expires <= now.timestamp():
        raise _unauthorized(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
            "the assertion expires"
        )
    if expires > now.timestamp() + _LONGEST_SECONDS:
        raise _unauthorized("'Expiration time' claim ('exp') is too far in the future")


def _check_issued(claims: dict[str, Any], now: datetime) -> None:
    if "iat" not in claims:
        raise _unauthorized("Missing 'Issued at' claim ('iat') in assertion")
    issued = claims["iat"]
    if not isinstance(issued, int) or issued > now.timestamp():
        raise _unauthorized(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )


@lru_cache(maxsize=16)
def _parse_key(public_key: str) -> RSAPublicKey:
    key = load_pem_public_key(public_key.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def _invalid_jwt() -> Refusal:
    return _unauthorized("A JSON web token could not be decoded")


def _unauthorized(message: str) -> Refusal:
    return Refusal(HTTPStatus.UNAUTHORIZED, message)
