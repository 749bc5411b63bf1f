from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from ports.system import Exclusion
from testing.memory.database import MemoryDatabase


class MemoryExclusion(Exclusion):
    """Names held by those who share tables in this process."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._held = database.held

    def hold(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a name for the length of the block, or give False where another does."""
        return self._hold(name)

    @asynccontextmanager
    async def _hold(self, name: str) -> AsyncIterator[bool]:
        if name in self._held:
            yield False
            return
        self._held.add(name)
        try:
            yield True
        finally:
            self._held.discard(name)
