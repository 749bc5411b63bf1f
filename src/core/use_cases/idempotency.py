from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.domain.idempotency import KeyedRequest
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

T = TypeVar("T")
Result = TypeVar("Result", covariant=True)  # noqa: PLC0105 - named for what it is, like all here


@dataclass(frozen=True, slots=True)
class IdempotentResult(Generic[Result]):
    """What a request came to: now, or, where `is_replay`, when it came under the same key before."""

    result: Result
    is_replay: bool = False


async def run_once(
    tx: Transaction, request: KeyedRequest | None, form: type[T], act: Callable[[], Awaitable[T]]
) -> IdempotentResult[T]:
    """Act and keep the result under the request's key, or return what an earlier one came to.

    The caller has authorized, acts within this transaction alone, and commits it in either case. What is
    refused is not kept: it changed nothing, and may succeed when tried again. Raises what `act` raises, and
    `IdempotencyKeyReused`.
    """
    if request is None:
        return IdempotentResult(await act())
    earlier = await tx.idempotency.begin(request, form)
    if earlier is not None:
        return IdempotentResult(earlier, is_replay=True)
    result = await act()
    await tx.idempotency.store_result(request, result)
    return IdempotentResult(result)


_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class DeleteExpiredKeys:
    """Remove idempotency keys that are free again, with what was kept under them."""

    unit_of_work: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        """Go on until none is left and return how many there were; raises `StorageUnavailable`."""
        forgotten = 0
        while True:
            async with self.unit_of_work() as tx:
                count = await tx.idempotency.delete_expired(now=self.clock.now(), limit=_BATCH_SIZE)
                await tx.commit()
            forgotten += count
            if count < _BATCH_SIZE:
                return forgotten
