from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from ports.encryption import Cipher, CiphertextRefused, EncryptedValue, EncryptedValueStore

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ReencryptionProgress:
    """How far a column is: values seen, those written anew, and those nobody can read.

    `by_key` counts what was there before, by the id of its key; what names none is under the empty id.
    """

    column: str
    seen: int = 0
    renewed: int = 0
    unreadable: tuple[EncryptedValue, ...] = ()
    by_key: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReencryptValues:
    """Encrypt with the newest key what an older one encrypts, while everything goes on.

    Each batch is a write of its own, and only what is still as it was read is replaced: a value that a
    refresh wrote meanwhile stays, and has the newest key anyway. Interrupted, it is begun again and finds
    less to do. What cannot be read is left as it is.
    """

    values: EncryptedValueStore
    cipher: Cipher

    async def __call__(self, *, dry_run: bool = False) -> AsyncIterator[ReencryptionProgress]:
        """Go through every column and tell after each batch how far it is; raises `StorageUnavailable`."""
        for column in self.values.list_columns():
            told = ReencryptionProgress(column)
            place = 0
            while page := await self.values.list_page(column, after=place, limit=_AT_ONCE):
                place = page[-1].id
                changes, unreadable = self._renew(page)
                renewed = len(changes) if dry_run else await self.values.replace(column, changes)
                told = ReencryptionProgress(
                    column,
                    told.seen + len(page),
                    told.renewed + renewed,
                    (*told.unreadable, *unreadable),
                    Counter(told.by_key) + Counter(map(self._key_of, page)),
                )
                yield told
            if not told.seen:
                yield told

    def _renew(self, page: Sequence[EncryptedValue]) -> tuple[list[tuple[EncryptedValue, str]], list[EncryptedValue]]:
        """Return those of older keys with what to put in their place, and those that cannot be read."""
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
