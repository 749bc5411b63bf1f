from dataclasses import dataclass

from ports.clock import Clock
from ports.unit_of_work import UnitOfWork

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ForgetExpiredKeys:
    """Remove idempotency keys that are free again, with what was kept under them."""

    unit_of_work: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        """Go on until none is left and return how many there were; raises `StorageUnavailable`."""
        forgotten = 0
        while True:
            async with self.unit_of_work() as tx:
                count = await tx.idempotency.forget_expired(now=self.clock.now(), limit=_AT_ONCE)
                await tx.commit()
            forgotten += count
            if count < _AT_ONCE:
                return forgotten
