from datetime import datetime

from ports.faults import FaultStore
from testing.memory.database import Session


class MemoryFaultStore(FaultStore):
    """Faults in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def meet(self, fault: str, *, at: datetime, forgotten_before: datetime) -> bool:
        """Note that a fault is met; return whether it is news."""
        faults = (await self._session.writable()).faults
        known = faults.get(fault)
        is_news = known is None or known < forgotten_before
        faults[fault] = at if known is None or is_news else max(known, at)
        return is_news

    async def end(self, fault: str) -> None:
        """Forget it."""
        (await self._session.writable()).faults.pop(fault, None)
