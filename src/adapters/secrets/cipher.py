import base64
import binascii
import os
import re
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.domain.secret import Secret
from ports.encryption import Cipher, CiphertextRefused

_VERSION = "v1"
_KEY_BYTES = 32
# The standard size for AES-GCM. Random nonces are safe for 2^32 messages with one key:
# https://csrc.nist.gov/pubs/sp/800/38/d/final §8.3.
_NONCE_BYTES = 12
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class AesGcmCipher(Cipher):
    """AES-256-GCM with a key ring: the first key encrypts, all decrypt, so keys rotate without downtime.

    A ciphertext reads `v1.<key id>.<base64url of nonce and ciphertext>`. Version, key id and context are
    authenticated with it: changed, or copied to another row, it does not decrypt.
    """

    def __init__(self, keys: Sequence[tuple[str, Secret]], *, setting: str = "the encryption keys") -> None:
        """`keys` are pairs of an id and base64 of 32 bytes, newest first. Raises `ValueError` if they are invalid.

        `setting` is the name of the setting with the keys, for messages to operators.
        """
        self._setting = setting
        if not keys:
            raise ValueError("the key ring is empty")
        self._keys = {key_id: AESGCM(_key(key_id, key)) for key_id, key in keys}
        if len(self._keys) != len(keys):
            raise ValueError("two keys have the same id, the part before the colon")
        self._newest = keys[0][0]

    def encrypt(self, secret: Secret, *, context: str) -> str:
        """Encrypt with the newest key."""
        nonce = os.urandom(_NONCE_BYTES)
        aad = _build_associated_data(self._newest, context)
        ciphertext = self._keys[self._newest].encrypt(nonce, secret.reveal().encode(), aad)
        text = base64.urlsafe_b64encode(nonce + ciphertext).rstrip(b"=").decode()
        return f"{_VERSION}.{self._newest}.{text}"

    def decrypt(self, ciphertext: str, *, context: str) -> Secret:
        """Decrypt with the key it names."""
        key_id, data = _parse(ciphertext)
        key = self._keys.get(key_id)
        if key is None:
            raise CiphertextRefused(f"The encryption key `{key_id}` is not configured. Add it to {self._setting}.")
        nonce, body = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
        try:
            return Secret(key.decrypt(nonce, body, _build_associated_data(key_id, context)).decode())
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise CiphertextRefused(
                f"A value encrypted with key `{key_id}` is damaged, or was copied from another row."
            ) from None

    def read_key_id(self, ciphertext: str) -> str:
        """Return the id of the key it names."""
        return _parse(ciphertext)[0]

    def is_current(self, ciphertext: str) -> bool:
        """Compare its key with the newest."""
        return ciphertext.startswith(f"{_VERSION}.{self._newest}.")


class NoKeys(Cipher):
    """The cipher of a process without keys, since most commands need none. It raises `CiphertextRefused`."""

    def __init__(self, *, setting: str = "the encryption keys") -> None:
        """Take the name of the setting with the keys, for messages to operators."""
        self._setting = setting

    def encrypt(self, secret: Secret, *, context: str) -> str:  # noqa: ARG002 - the port's signature
        """Refuse."""
        raise self._no_keys()

    def decrypt(self, ciphertext: str, *, context: str) -> Secret:  # noqa: ARG002 - the port's signature
        """Refuse."""
        raise self._no_keys()

    def read_key_id(self, ciphertext: str) -> str:
        """Return the id of the key it names, which takes none."""
        return _parse(ciphertext)[0]

    def is_current(self, ciphertext: str) -> bool:  # noqa: ARG002 - the port's signature
        """Return False: there is no newest key."""
        return False

    def _no_keys(self) -> CiphertextRefused:
        return CiphertextRefused(f"This process has no encryption keys. Set {self._setting}.")


def _key(key_id: str, key: Secret) -> bytes:
    if not _KEY_ID.fullmatch(key_id):
        raise ValueError("a key id must have 1 to 32 letters, digits, `_` and `-`")
    try:
        content = base64.b64decode(key.reveal(), validate=True)
    except ValueError:
        raise ValueError(f"the key `{key_id}` is not base64") from None
    if len(content) != _KEY_BYTES:
        raise ValueError(f"the key `{key_id}` has {len(content)} bytes instead of {_KEY_BYTES}")
    return content


def _build_associated_data(key_id: str, context: str) -> bytes:
    return f"{_VERSION}.{key_id}.{context}".encode()


def _parse(ciphertext: str) -> tuple[str, bytes]:
    version, _, rest = ciphertext.partition(".")
    key_id, _, text = rest.partition(".")
    if version != _VERSION or not _KEY_ID.fullmatch(key_id):
        raise CiphertextRefused("A stored value is not in the ciphertext format of this service.")
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CiphertextRefused(f"A value encrypted with key `{key_id}` is damaged.") from None
    return key_id, sealed
