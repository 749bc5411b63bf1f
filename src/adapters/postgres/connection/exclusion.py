from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.postgres.connection import locks
from adapters.postgres.connection.database import Database
from ports.system import Exclusion

_TRY = "SELECT pg_try_advisory_lock(%s, hashtext(%s))"
_TRY_IN_TRANSACTION = "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))"
_STAY_OPEN = "SELECT set_config('idle_in_transaction_session_timeout', '0', true)"


class PostgresExclusion(Exclusion):
    """Session-level advisory locks, each on a connection of its own: it ends with its holder's process.

    The connection idles outside any transaction, so it holds back nothing, however long the work takes.
    Behind a pooler only a transaction keeps its server process; it has no snapshot and holds back nothing
    either.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a name for the length of the block; raises `StorageUnavailable`."""
        return self._hold(name)

    @asynccontextmanager
    async def _hold(self, name: str) -> AsyncIterator[bool]:
        async with self._database.dedicated_session() as session:
            if not session.connection.is_pooled:
                [(taken,)] = await session.read(_TRY, (locks.JOBS, name))
                yield bool(taken)
                return
            await session.write(_STAY_OPEN)
            [(taken,)] = await session.write(_TRY_IN_TRANSACTION, (locks.JOBS, name))
            try:
                yield bool(taken)
            finally:
                await session.roll_back()
