from datetime import datetime
from typing import Protocol


class FaultStore(Protocol):
    """Faults of the service as a whole, such as a wrong key: many processes meet one, and it is told once."""

    async def meet(self, fault: str, *, at: datetime, forgotten_before: datetime) -> bool:
        """Note that a fault is met; return whether it is news: nobody met it since the given time.

        Of several processes that meet it at once, one is told that it is news.
        """

    async def end(self, fault: str) -> None:
        """Forget a fault that is over, so that the next is news; one nobody met is fine."""
