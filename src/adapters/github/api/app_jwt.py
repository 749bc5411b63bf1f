"""The signed claim by which our app says who it is.

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

# GitHub refuses a claim made in its future or ending more than 10 minutes ahead: a minute is left on both
# sides for clocks that differ.
_MADE_BEFORE = timedelta(seconds=60)
_ENDS_AFTER = timedelta(minutes=9)

# Signing costs a hundred times more than a call's other preparations; a claim is shown until it is this old.
_KEPT_FOR = timedelta(minutes=5)

# Smaller differences never cause a refusal, so a refusal with one of these has another cause.
_SMALLEST_SKEW = timedelta(seconds=5)

_SMALLEST_KEY_BITS = 2048


def read_private_key(pem: Secret) -> RSAPrivateKey:
    r"""Read an app's private key: PKCS#1 as GitHub gives it, or PKCS#8; newlines may be written `\n`.

    Raises `ValueError`, whose text repeats nothing of the key.
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
    """Return what GitHub calls a key on the app's page.

    https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/managing-private-keys-for-github-apps#verifying-private-keys
    """
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"SHA256:{b64encode(sha256(public).digest()).decode()}"


class AppJwt:
    """Signs claims for one app, with its key parsed once, by GitHub's clock as far as we know it."""

    def __init__(self, issuer: str, private_key: RSAPrivateKey, clock: Clock) -> None:
        self._issuer = issuer
        self._key = private_key
        self._clock = clock
        self._offset = timedelta(0)
        self._kept: tuple[datetime, str] | None = None
        self.fingerprint = key_fingerprint(private_key)
        self.used_at: datetime | None = None
        """When a claim was last signed with the key, to five minutes."""

    def current(self) -> str:
        """Return a claim that GitHub accepts for at least three minutes."""
        now = self._clock.now() + self._offset
        if self._kept is not None and timedelta(0) <= now - self._kept[0] < _KEPT_FOR:
            return self._kept[1]
        claims = {
            "iss": self._issuer,
            "iat": int((now - _MADE_BEFORE).timestamp()),
            "exp": int((now + _ENDS_AFTER).timestamp()),
        }
        signed = jwt.encode(claims, self._key, algorithm="RS256")
        self._kept = now, signed
        self.used_at = self._clock.now()
        return signed

    def learn(self, theirs: datetime | None) -> None:
        """Take over GitHub's time from the answer that refused a claim.

        The offset stays, so one refusal pays for all later calls, and is corrected when our clock is.
        """
        if theirs is None:
            return
        offset = theirs - self._clock.now()
        if abs(offset - self._offset) >= _SMALLEST_SKEW:
            self._offset = offset
            self._kept = None
