"""The signed token with which the app authenticates.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from base64 import b64encode
from datetime import datetime, timedelta
from hashlib import sha256

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from core.domain.secret import Secret
from ports.system import Clock

# GitHub rejects a token that is issued in the future or expires in more than 10 minutes. One minute on both
# sides is for differing clocks.
_ISSUED_BEFORE = timedelta(seconds=60)
_EXPIRES_AFTER = timedelta(minutes=9)

# Signing costs a hundred times more than the rest of preparing a request, so a token is reused.
_REUSED_FOR = timedelta(minutes=5)

# Smaller clock differences do not cause a rejection.
_SMALLEST_SKEW = timedelta(seconds=5)

_SMALLEST_KEY_BITS = 2048


def read_private_key(pem: Secret) -> RSAPrivateKey:
    r"""Return an app's private key from PKCS#1, as GitHub creates it, or PKCS#8. Newlines may be written `\n`.

    Raises `ValueError`, whose text contains nothing of the key.
    """
    text = pem.reveal().strip().replace("\\r", "").replace("\\n", "\n")
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the app's private key is not a PEM private key without a password") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SMALLEST_KEY_BITS:
        raise ValueError(f"the app's private key is not an RSA key of at least {_SMALLEST_KEY_BITS} bits")
    return key


def key_fingerprint(key: RSAPrivateKey) -> str:
    """Return the fingerprint of a key, as on the app's page on GitHub.

    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps#verifying-private-keys
    """
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"SHA256:{b64encode(sha256(public).digest()).decode()}"


class AppJwt:
    """Signs tokens for one app, by GitHub's clock as far as it is known."""

    def __init__(self, issuer: str, private_key: RSAPrivateKey, clock: Clock) -> None:
        self._issuer = issuer
        self._key = private_key
        self._clock = clock
        self._offset = timedelta(0)
        self._cached: tuple[datetime, str] | None = None
        self.fingerprint = key_fingerprint(private_key)
        self.used_at: datetime | None = None
        """When the key last signed a token, which is used for five minutes."""

    def current(self) -> str:
        """Return a token that is valid for at least three more minutes."""
        now = self._clock.now() + self._offset
        if self._cached is not None and timedelta(0) <= now - self._cached[0] < _REUSED_FOR:
            return self._cached[1]
        claims = {
            "iss": self._issuer,
            "iat": int((now - _ISSUED_BEFORE).timestamp()),
            "exp": int((now + _EXPIRES_AFTER).timestamp()),
        }
        signed = jwt.encode(claims, self._key, algorithm="RS256")
        self._cached = now, signed
        self.used_at = self._clock.now()
        return signed

    def adjust_clock(self, provider_time: datetime | None) -> None:
        """Adopt GitHub's time from a response that rejected a token. The offset is kept for later tokens."""
        if provider_time is None:
            return
        offset = provider_time - self._clock.now()
        if abs(offset - self._offset) >= _SMALLEST_SKEW:
            self._offset = offset
            self._cached = None
