"""GitHub's webhook signature: HMAC-SHA256 of the raw body under a shared secret.

https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re
from collections.abc import Sequence
from hashlib import sha256

from core.domain.deliveries.delivery import SignatureRefused

_WRITTEN = re.compile(rb"sha256=([0-9a-f]{64})")


class SigningSecret:
    """One accepted secret with the fingerprint that names it in logs and rows."""

    __slots__ = ("_key", "fingerprint")

    def __init__(self, value: str) -> None:
        self._key = value.encode()
        # A hash of the secret under a fixed label: tells two secrets apart, says nothing about either.
        self.fingerprint = hmac.digest(self._key, b"crewkit-git secret fingerprint", "sha256").hex()[:16]

    def sign(self, body: bytes) -> bytes:
        """Return the signature of a whole body."""
        return hmac.digest(self._key, body, "sha256")

    def sign_replay(self, signature: bytes) -> bytes:
        """Return an operator's signature, which permits processing the body of this signature again."""
        return hmac.digest(self._key, b"crewkit-git replay\n" + signature, "sha256")

    def begin(self) -> "hmac.HMAC":
        """Begin the signature of a body in parts."""
        return hmac.new(self._key, digestmod=sha256)


class SignatureDigest:
    """The signatures of one body under every accepted secret, computed as its parts arrive."""

    __slots__ = ("_parts",)

    def __init__(self, secrets: Sequence[SigningSecret]) -> None:
        self._parts = [secret.begin() for secret in secrets]

    def update(self, chunk: bytes, /) -> None:
        """Take in the next part."""
        for part in self._parts:
            part.update(chunk)

    def signatures(self) -> list[bytes]:
        """Return the signatures in the order of the secrets."""
        return [part.digest() for part in self._parts]


def parse_signature(header: bytes | None) -> bytes:
    """Return the 32 bytes a signature header claims; raises `SignatureRefused`.

    Kept as bytes throughout: comparing text would fail on a non-ASCII header instead of refusing it.
    """
    if header is None:
        raise SignatureRefused("signature_missing")
    written = _WRITTEN.fullmatch(header)
    if written is None:
        raise SignatureRefused("signature_malformed")
    return bytes.fromhex(written[1].decode("ascii"))


def sign(secret: str, body: bytes) -> str:
    """Return the header value GitHub would send for this body."""
    return f"sha256={SigningSecret(secret).sign(body).hex()}"


def sign_replay(secret: str, signature: str) -> str:
    """Return the value of `X-Crewkit-Replay` for a body with this signature."""
    return SigningSecret(secret).sign_replay(signature.encode()).hex()
