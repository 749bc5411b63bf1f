from typing import Protocol

from core.domain.principals import Principal


class TokenVerifier(Protocol):
    """Verifies crewkit's access tokens."""

    async def verify(self, token: str) -> Principal:
        """Return whom a token speaks for; raises `TokenRefused` or `KeysUnavailable`.

        Signature, algorithm, issuer, audience and expiry are checked. A verified token may be answered
        from memory until it expires.
        """
