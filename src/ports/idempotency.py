from datetime import datetime
from typing import Protocol, TypeVar

from core.domain.idempotency import KeyedRequest

T = TypeVar("T")


class IdempotencyStore(Protocol):
    """What was done under which key.

    Promised: a key and what is done under it are committed together or not at all, and of those who begin
    under one key at once one acts, while the others wait for it or get `StorageConflict` after 5 seconds.
    """

    async def begin(self, request: KeyedRequest, form: type[T]) -> T | None:
        """Return what an earlier request came to; None: this one is the first, and has the key from now on.

        `form` is a dataclass of plain values. It may gain fields with defaults while results of before are
        kept, and lose none. Raises `IdempotencyKeyReused` where the earlier request was another.
        """

    async def store_result(self, request: KeyedRequest, result: object) -> None:
        """Keep what a request that was begun in this transaction came to."""

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Remove at most `limit` keys that are free again; return how many."""
