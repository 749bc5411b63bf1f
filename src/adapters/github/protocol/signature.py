"""GitHub's webhook signature: HMAC-SHA256 of the raw body under a shared secret.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

from core.domain.deliveries.delivery import SignatureRefused

_HEADER = re.compile(rb"sha256=([0-9a-f]{64})")


class SigningSecret:
    """An accepted secret, with its fingerprint for logs and the database."""

    __slots__ = ("_key", "fingerprint")

    def __init__(self, value: str) -> None:
        self._key = value.encode()
        # A keyed hash of a fixed label: it identifies the secret without revealing it.
        self.fingerprint = hmac.digest(self._key, b"crewkit-git secret fingerprint", "sha256").hex()[:16]

    def sign(self, body: bytes) -> bytes:
        """Return the signature of a whole body."""
        return hmac.digest(self._key, body, "sha256")

    def sign_replay(self, signature: bytes) -> bytes:
        """Return the operator's signature that permits processing a body again."""
        return hmac.digest(self._key, b"crewkit-git replay\n" + signature, "sha256")

    def start(self) -> "hmac.HMAC":
        """Start the signature of a body in parts."""
        return hmac.new(self._key, digestmod=sha256)


class SignatureDigest:
    """The signatures of one body under every accepted secret, computed as its parts arrive."""

    __slots__ = ("_parts",)

    def __init__(self, secrets: Sequence[SigningSecret]) -> None:
        self._parts = [secret.start() for secret in secrets]

    def update(self, chunk: bytes, /) -> None:
        """Add the next part of the body."""
        for part in self._parts:
            part.update(chunk)

    def signatures(self) -> list[bytes]:
        """Return the signatures in the order of the secrets."""
        return [part.digest() for part in self._parts]


def parse_signature(header: bytes | None) -> bytes:
    """Return the 32 bytes of a signature header; raises `SignatureRefused`.

    The header stays bytes: comparing text would crash on a non-ASCII header.
    """
    if header is None:
        raise SignatureRefused("signature_missing")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise SignatureRefused("signature_malformed")
    return bytes.fromhex(match[1].decode("ascii"))


def sign(secret: str, body: bytes) -> str:
    """Return the header value GitHub would send for this body."""
    return f"sha256={SigningSecret(secret).sign(body).hex()}"


def sign_replay(secret: str, signature: str) -> str:
    """Return the value of `X-Crewkit-Replay` for a body with this signature."""
    return SigningSecret(secret).sign_replay(signature.encode()).hex()
