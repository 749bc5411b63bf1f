from datetime import datetime
from typing import Protocol, TypeVar

from core.domain.idempotency import IdempotentRequest

T = TypeVar("T")


class IdempotencyStore(Protocol):
    """Idempotency keys and the results of their requests.

    Guaranteed: a key and the changes of its request are committed together or not at all. Of several concurrent
    requests with one key, one is processed; the others wait for its result, or get `StorageConflict` after 5 seconds.
    """

    async def begin(self, request: IdempotentRequest, form: type[T]) -> T | None:
        """Return the result of an earlier request with this key; None reserves the key for this request.

        `form` is a dataclass of plain values. Later versions may add fields with defaults, but must not remove fields
        while results are stored. Raises `IdempotencyKeyReused` if the earlier request was different.
        """

    async def store_result(self, request: IdempotentRequest, result: object) -> None:
        """Store the result of a request that began in this transaction."""

    async def delete_expired(self, *, now: datetime, limit: int) -> int:
        """Delete at most `limit` expired keys, and return their number."""
