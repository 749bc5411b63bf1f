"""Encryption of a flow's PKCE verifier. A ciphertext that was copied to another row cannot be decrypted."""

from uuid import UUID

from core.domain.secret import Secret
from ports.cipher import Cipher


def seal_verifier(cipher: Cipher, external_id: UUID, verifier: Secret) -> str:
    """Return the verifier, encrypted for its flow's row."""
    return cipher.encrypt(verifier, context=_context(external_id))


def open_verifier(cipher: Cipher, external_id: UUID, sealed: str) -> Secret:
    """Return the decrypted verifier; raises `CiphertextRefused`."""
    return cipher.decrypt(sealed, context=_context(external_id))


def _context(external_id: UUID) -> str:
    return f"git_flows.pkce_verifier:{external_id}"
