from typing import Protocol

from core.domain.permissions import AccessContext, Action
from core.domain.principals import Principal


class Authorizer(Protocol):
    """Decides what a standing allows. A pure function of its arguments, so answers may be cached."""

    def allows(self, access: AccessContext, action: Action) -> bool:
        """Return whether this standing allows this action."""


class TokenVerifier(Protocol):
    """Verifies crewkit's access tokens."""

    async def verify(self, token: str) -> Principal:
        """Return the caller that a token identifies; raises `TokenRefused` or `KeysUnavailable`.

        Signature, algorithm, issuer, audience and expiry are checked. A verified token may be cached
        until it expires.
        """
