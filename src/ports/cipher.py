from typing import Protocol

from core.domain.errors import DomainError, ErrorKind
from core.domain.secret import Secret


class CiphertextRefused(DomainError):
    """A stored secret cannot be decrypted: it is damaged, or its encryption key is not configured.

    An operator must check that `CREWKIT_GIT_ENCRYPTION_KEYS` contains every key that is still in use. If it
    does, connect again.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "ciphertext_unreadable"


class Cipher(Protocol):
    """Encrypts what must not be readable in the database.

    `context` binds a ciphertext to its place (`table.column:external_id`): elsewhere it does not decrypt.
    """

    def encrypt(self, secret: Secret, *, context: str) -> str:
        """Return a versioned ciphertext that names its key."""

    def decrypt(self, ciphertext: str, *, context: str) -> Secret:
        """Return what was encrypted; raises `CiphertextRefused`."""

    def read_key_id(self, ciphertext: str) -> str:
        """Return the id of the key it names, in the key ring or not; raises `CiphertextRefused`."""

    def is_current(self, ciphertext: str) -> bool:
        """Tell whether it was made with the newest key."""
