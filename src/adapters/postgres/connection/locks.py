"""The advisory locks of this service. All programs that use crewkit's database share one space of lock numbers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.postgres.connection.database import Database
from ports.system import Exclusion

# Locks have two numbers: this class, then the lock. "cgit" in ASCII identifies the service in pg_locks.
CLASS = 0x6367_6974
# The second number of a lane's lock is the number of the lane.
DOMAIN_EVENTS = 1000
MIGRATIONS = 1001

# "cgjb": one lock for each kind of work that only one process does at a time. The second number is its name's hash.
JOBS = 0x6367_6A62

# "cgpn": the second number is a hash of the organization's id.
PROJECT_NAMES = 0x6367_706E

# "cgas": the second number is a hash of the organization's id.
ASSIGNMENTS = 0x6367_6173


_TRY = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_TRY_IN_TRANSACTION = "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))"
_STAY_OPEN = "SELECT set_config('idle_in_transaction_session_timeout', '0', true)"


class PostgresExclusion(Exclusion):
    """Session-level advisory locks, each on a separate connection. A lock ends with the process that holds it.

    The connection is idle outside a transaction, so it delays nothing, however long the work takes. A pooler keeps
    a server process only for a transaction. That transaction has no snapshot, so it delays nothing either.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Try to lock a name for the length of the block, and return whether it is; raises `StorageUnavailable`."""
        return self._hold(name)

    @asynccontextmanager
    async def _hold(self, name: str) -> AsyncIterator[bool]:
        async with self._database.open_session() as session:
            if not session.connection.is_pooled:
                [(is_locked,)] = await session.read(_TRY, (JOBS, name))
                yield bool(is_locked)
                return
            await session.write(_STAY_OPEN)
            [(is_locked,)] = await session.write(_TRY_IN_TRANSACTION, (JOBS, name))
            try:
                yield bool(is_locked)
            finally:
                await session.roll_back()
