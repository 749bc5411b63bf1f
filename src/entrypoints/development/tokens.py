from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

DEVELOPMENT_ISSUER = "https://crewkit.localhost"
DEVELOPMENT_AUDIENCE = "crewkit-git"
DEFAULT_LIFETIME = timedelta(hours=8)


class TokenSigner:
    """Creates access tokens with crewkit's claims, signed with the development key. Production rejects them.

    Keep the signer: parsing a private key takes tens of milliseconds.
    """

    def __init__(self, private_key_pem: bytes, *, issuer: str, audience: str) -> None:
        key = load_pem_private_key(private_key_pem, password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("the development key is an RSA key")
        self._key = key
        self._issuer = issuer
        self._audience = audience

    def for_user(self, user_id: UUID, *, lifetime: timedelta = DEFAULT_LIFETIME) -> str:
        """Return a token of this user."""
        return self._sign({"sub": str(user_id)}, lifetime)

    def for_service(self, service: str, scopes: Collection[str], *, lifetime: timedelta = DEFAULT_LIFETIME) -> str:
        """Return a token of this service with these scopes."""
        claims = {"sub": service, "service": service, "scope": " ".join(sorted(scopes))}
        return self._sign(claims, lifetime)

    def _sign(self, claims: dict[str, str], lifetime: timedelta) -> str:
        now = datetime.now(UTC)
        common = {"iss": self._issuer, "aud": self._audience, "iat": now, "exp": now + lifetime}
        return jwt.encode({**claims, **common}, self._key, algorithm="RS256")
