from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class EncryptedValue:
    """One value that our cipher made: in which column, of which row, for which place."""

    column: str
    """Table and column, `table.column`."""

    id: int
    external_id: UUID
    ciphertext: str = field(repr=False)

    @property
    def context(self) -> str:
        """What it was encrypted with, beside the key."""
        return f"{self.column}:{self.external_id}"


class EncryptedValueStore(Protocol):
    """Everything in storage that our cipher made, whatever it belongs to."""

    def list_columns(self) -> Sequence[str]:
        """Return every column that holds such values, `table.column`."""

    async def list_page(self, column: str, *, after: int, limit: int) -> Sequence[EncryptedValue]:
        """Return at most `limit` values of a column, those of rows above `after`, in order."""

    async def replace(self, column: str, changes: Sequence[tuple[EncryptedValue, str]]) -> int:
        """Write these in the place of those values that are still there; return how many were."""
