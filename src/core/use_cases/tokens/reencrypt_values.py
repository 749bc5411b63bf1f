from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from ports.encryption import Cipher, CiphertextRefused, EncryptedValue, EncryptedValueStore

_BATCH_SIZE = 500


@dataclass(frozen=True, slots=True)
class ReencryptionProgress:
    """The progress in one column: values read, values encrypted again, and unreadable values.

    `by_key` counts the values by key id, as they were before. Values without a key id are under the empty id.
    """

    column: str
    read: int = 0
    renewed: int = 0
    unreadable: tuple[EncryptedValue, ...] = ()
    by_key: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReencryptValues:
    """Encrypt all values with the newest key, while the service runs.

    Each batch is one write and replaces only values that have not changed since they were read: a value written
    in the meantime has the newest key already. After an interruption, a new run continues. Unreadable values
    stay unchanged.
    """

    values: EncryptedValueStore
    cipher: Cipher

    async def __call__(self, *, dry_run: bool = False) -> AsyncIterator[ReencryptionProgress]:
        """Process every column and yield the progress after each batch; raises `StorageUnavailable`."""
        for column in self.values.list_columns():
            progress = ReencryptionProgress(column)
            position = 0
            while page := await self.values.list_page(column, after=position, limit=_BATCH_SIZE):
                position = page[-1].id
                changes, unreadable = self._renew(page)
                renewed = len(changes) if dry_run else await self.values.replace(column, changes)
                progress = ReencryptionProgress(
                    column,
                    progress.read + len(page),
                    progress.renewed + renewed,
                    (*progress.unreadable, *unreadable),
                    Counter(progress.by_key) + Counter(map(self._key_of, page)),
                )
                yield progress
            if not progress.read:
                yield progress

    def _renew(self, page: Sequence[EncryptedValue]) -> tuple[list[tuple[EncryptedValue, str]], list[EncryptedValue]]:
        """Return the values of older keys with their new ciphertexts, and the unreadable values."""
        changes: list[tuple[EncryptedValue, str]] = []
        unreadable: list[EncryptedValue] = []
        for value in page:
            try:
                secret = self.cipher.decrypt(value.ciphertext, context=value.context)
            except CiphertextRefused:
                unreadable.append(value)
                continue
            if not self.cipher.is_current(value.ciphertext):
                changes.append((value, self.cipher.encrypt(secret, context=value.context)))
        return changes, unreadable

    def _key_of(self, value: EncryptedValue) -> str:
        try:
            return self.cipher.read_key_id(value.ciphertext)
        except CiphertextRefused:
            return ""
