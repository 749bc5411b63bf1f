from asyncio import Queue
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver an event, with its request and response."""

    id: int
    guid: str
    app_id: int
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    delivered_at: datetime
    url: str
    headers: dict[str, str]
    body: bytes
    redelivery: bool = False
    status: str = "pending"
    status_code: int = 0
    duration: float = 0.0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether the receiver accepted the delivery."""
        return self.status == "OK"


@dataclass(slots=True)
class Outbox:
    """Deliveries to be sent, and held deliveries, which are sent after their release."""

    waiting: Queue[Delivery] = field(default_factory=Queue)
    held: list[Delivery] = field(default_factory=list)

    def release(self) -> int:
        """Queue the held deliveries in their order, and return their number."""
        released, self.held = self.held, []
        for delivery in released:
            self.waiting.put_nowait(delivery)
        return len(released)

    async def wait_until_sent(self) -> None:
        """Wait until all queued deliveries are answered or failed."""
        await self.waiting.join()
