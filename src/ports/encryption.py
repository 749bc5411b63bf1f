"""Encryption of stored values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.secret import Secret


class CiphertextRefused(DomainError):
    """A stored secret cannot be decrypted: it is damaged, or its encryption key is not configured.

    An operator must check that the encryption keys in the settings contain every key that is still in use. If they
    do, connect again.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "ciphertext_unreadable"


class Cipher(Protocol):
    """Encrypts values that must not be readable in the database.

    `context` (`table.column:external_id`) binds a ciphertext to its row: in another row it cannot be decrypted.
    """

    def encrypt(self, secret: Secret, *, context: str) -> str:
        """Return a versioned ciphertext that names its key."""

    def decrypt(self, ciphertext: str, *, context: str) -> Secret:
        """Return the decrypted value; raises `CiphertextRefused`."""

    def read_key_id(self, ciphertext: str) -> str:
        """Return the id of the key that the ciphertext names, configured or not; raises `CiphertextRefused`."""

    def is_current(self, ciphertext: str) -> bool:
        """Return whether the ciphertext was made with the newest key."""


@dataclass(frozen=True, slots=True)
class EncryptedValue:
    """One encrypted value, and the column (`table.column`) and row that it is in."""

    column: str
    id: int
    external_id: UUID
    ciphertext: str = field(repr=False)

    @property
    def context(self) -> str:
        """The context that the value was encrypted with."""
        return f"{self.column}:{self.external_id}"


class EncryptedValueStore(Protocol):
    """All values in the storage that the cipher encrypted."""

    def list_columns(self) -> Sequence[str]:
        """Return every column that holds encrypted values, as `table.column`."""

    async def list_page(self, column: str, *, after: int, limit: int) -> Sequence[EncryptedValue]:
        """Return at most `limit` values of a column, of rows with an id above `after`, in the order of ids."""

    async def replace(self, column: str, changes: Sequence[tuple[EncryptedValue, str]]) -> int:
        """Replace those of these values that are unchanged in the storage, and return their number."""
