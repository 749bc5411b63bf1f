from datetime import datetime
from typing import Protocol


class RetentionStore(Protocol):
    """What is kept that is old enough to go, taken away a bounded piece at a time."""

    async def expire_payloads(self, *, before: datetime, limit: int) -> int:
        """Remove the bodies of at most `limit` events received earlier; the events and verdicts stay.

        What is still to be processed keeps its body. Returns how many events were looked at; fewer than
        `limit` means that nothing older is left.
        """

    async def forget_events(self, *, before: datetime, limit: int) -> int:
        """Remove at most `limit` events received earlier, but for those still to be processed.

        Returns how many were removed. What consumers were told of them stays.
        """

    async def forget_domain_events(self, *, before: datetime, limit: int) -> int:
        """Remove at most `limit` of what consumers were told, recorded earlier, the oldest first.

        The newest stays whatever its age, so that a stream's cursor is told from one of another database.
        Returns how many were removed.
        """

    async def delete_attributions(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` attributions recorded before this time, the oldest first.

        Returns how many were deleted.
        """
