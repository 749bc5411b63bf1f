from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Exclusion(Protocol):
    """Lets one process at a time do what need not be done twice at once.

    Promised: while one holds a name no other does, in any process; a holder that dies lets go at once, and
    the network may be used meanwhile, for any length of time.
    Not promised: that it is still held after storage was lost. What is done must be harmless twice.
    """

    def hold(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a name for the length of the block, or give False at once where another does."""
