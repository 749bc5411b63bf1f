from datetime import datetime

from adapters.postgres.connection.session import Session
from ports.faults import FaultStore

# A row is returned where there was none, or one so old that it is of another fault.
_NEWS = """
    INSERT INTO git_faults AS f (fault, met_at) VALUES (%s, %s)
    ON CONFLICT (fault) DO UPDATE SET met_at = excluded.met_at WHERE f.met_at < %s
    RETURNING true
"""
_MET_AGAIN = "UPDATE git_faults SET met_at = greatest(met_at, %s) WHERE fault = %s"
_END = "DELETE FROM git_faults WHERE fault = %s"


class PostgresFaultStore(FaultStore):
    """The table `git_faults`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def meet(self, fault: str, *, at: datetime, forgotten_before: datetime) -> bool:
        """Note that a fault is met; return whether it is news."""
        if await self._session.write(_NEWS, (fault, at, forgotten_before)):
            return True
        await self._session.change(_MET_AGAIN, (at, fault))
        return False

    async def end(self, fault: str) -> None:
        """Forget it."""
        await self._session.change(_END, (fault,))
