from asyncio import Queue
from dataclasses import dataclass, field

from sandbox.state.deliveries import Delivery


@dataclass(slots=True)
class Outbox:
    """Deliveries that wait to be sent, and those that wait to be released first."""

    waiting: Queue[Delivery] = field(default_factory=Queue)
    held: list[Delivery] = field(default_factory=list)

    def release(self) -> int:
        """Let the held ones go, in the order they came, and return how many."""
        released, self.held = self.held, []
        for delivery in released:
            self.waiting.put_nowait(delivery)
        return len(released)

    async def sent(self) -> None:
        """Return when everything that waited has been answered or given up."""
        await self.waiting.join()
