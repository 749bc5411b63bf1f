from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.domain.idempotency import IdempotentRequest
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

T = TypeVar("T")
Result = TypeVar("Result", covariant=True)  # noqa: PLC0105 - named for its meaning


@dataclass(frozen=True, slots=True)
class IdempotentResult(Generic[Result]):
    """The result of a request, or with `is_replay` the stored result of an earlier request with its key."""

    result: Result
    is_replay: bool = False


async def run_once(
    tx: Transaction, request: IdempotentRequest | None, result_type: type[T], act: Callable[[], Awaitable[T]]
) -> IdempotentResult[T]:
    """Act and store the result under the request's key, or return the stored result of an earlier request.

    The caller has authorized the request, acts in this transaction only, and commits it in both cases. An error
    is not stored: nothing has changed, and a retry may succeed. Raises what `act` raises, and
    `IdempotencyKeyReused`.
    """
    if request is None:
        return IdempotentResult(await act())
    earlier = await tx.idempotency.begin(request, result_type)
    if earlier is not None:
        return IdempotentResult(earlier, is_replay=True)
    result = await act()
    await tx.idempotency.store_result(request, result)
    return IdempotentResult(result)


_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class DeleteExpiredKeys:
    """Delete expired idempotency keys with their stored results."""

    unit_of_work: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        """Delete all expired keys and return their number; raises `StorageUnavailable`."""
        deleted = 0
        while True:
            async with self.unit_of_work() as tx:
                count = await tx.idempotency.delete_expired(now=self.clock.now(), limit=_BATCH_SIZE)
                await tx.commit()
            deleted += count
            if count < _BATCH_SIZE:
                return deleted
