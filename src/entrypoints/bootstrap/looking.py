import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.postgres.database import Database
from core.domain.errors import DomainError

_AGAIN_SECONDS = 5.0
_LEFT_BEHIND_AFTER_SECONDS = 1.0


@asynccontextmanager
async def looked_at(database: Database) -> AsyncIterator[None]:
    """Have the database looked at during the block, until it was well once; it tells what it is and was.

    So an operator learns of a wrong URL when a process starts, and not when somebody first needs it. The
    process starts all the same: databases come and go.
    """
    looking = asyncio.create_task(_look(database), name="first-look")
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.wait((looking,), timeout=_LEFT_BEHIND_AFTER_SECONDS)


async def _look(database: Database) -> None:
    while True:
        try:
            await database.look()
        except DomainError:
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return
