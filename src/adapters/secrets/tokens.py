import hashlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cachetools import LRUCache

from adapters.secrets.keys import ALGORITHMS, KeySource, VerificationKey
from core.domain.actors import Principal, TokenRefused
from ports.identity import TokenVerifier
from ports.system import Clock

_LEEWAY = timedelta(seconds=10)
_MAX_TOKEN_LENGTH = 8192
_MAX_CACHED_TOKENS = 10_000
# A key that the issuer revokes stops working within this time, also for cached tokens: an attacker with the key
# would create tokens with a distant expiry.
_CACHE_LIFETIME = timedelta(minutes=10)
_SERVICE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class JwtVerifier(TokenVerifier):
    """Verifies JWTs as https://www.rfc-editor.org/rfc/rfc8725 advises.

    A user's token has the user's external id in `sub`. A service's token has its name in `service`, its scopes
    separated by spaces in `scope`, and any `sub`; it never identifies a user. Both have `iss`, `aud` and `exp`.
    Verified tokens are cached by their SHA-256 until they expire, at most ten minutes. Rejections are not cached,
    so that a new key is used immediately.
    """

    def __init__(
        self, keys: KeySource, clock: Clock, *, issuer: str, audience: str, most_remembered: int = _MAX_CACHED_TOKENS
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        # Not `TLRUCache`, with which a cached token takes twice the CPU.
        self._cache: LRUCache[bytes, tuple[datetime, Principal]] = LRUCache(most_remembered)

    async def verify(self, token: str) -> Principal:
        """Return the cached principal, or verify the token."""
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        now = self._clock.now()
        cached = self._cache.get(digest)
        if cached is not None and now < cached[0]:
            return cached[1]
        principal = await self._check(token, now)
        until = min(principal.expires_at, now + _CACHE_LIFETIME - _LEEWAY) + _LEEWAY
        self._cache[digest] = until, principal
        return principal

    async def _check(self, token: str, now: datetime) -> Principal:
        key = await self._key_for(token)
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                # `_check_times` checks the times by the service's clock.
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise TokenRefused(type(error).__name__) from None
        return _to_principal(claims, _check_times(claims, now))

    async def _key_for(self, token: str) -> VerificationKey:
        if len(token) > _MAX_TOKEN_LENGTH:
            raise TokenRefused("too_long")
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError):
            raise TokenRefused("malformed") from None
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise TokenRefused("algorithm")
        key = await self._keys.find(header.get("kid"))
        if key is None:
            raise TokenRefused("unknown_key")
        if key.algorithm != algorithm:
            raise TokenRefused("algorithm")
        return key


def _check_times(claims: Mapping[str, Any], now: datetime) -> datetime:
    expires_at = _parse_time(claims["exp"])
    # Times are compared with `now` shifted, because the first and the last possible time cannot be shifted.
    if now - _LEEWAY >= expires_at:
        raise TokenRefused("expired")
    for name in ("nbf", "iat"):
        if name in claims and now + _LEEWAY < _parse_time(claims[name]):
            raise TokenRefused("not_yet_valid")
    return expires_at


def _parse_time(value: object) -> datetime:
    # JSON as Python reads it has NaN, which is neither before nor after anything and so would never expire.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TokenRefused("time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenRefused("time") from None


def _to_principal(claims: Mapping[str, Any], expires_at: datetime) -> Principal:
    if "service" not in claims:
        subject = claims["sub"]
        if not isinstance(subject, str) or not _UUID.fullmatch(subject):
            raise TokenRefused("subject")
        return Principal(expires_at, user_id=UUID(subject))
    service, scope = claims["service"], claims.get("scope", "")
    if not isinstance(service, str) or not _SERVICE.fullmatch(service) or not isinstance(scope, str):
        raise TokenRefused("service")
    return Principal(expires_at, service=service, scopes=frozenset(scope.split()))
