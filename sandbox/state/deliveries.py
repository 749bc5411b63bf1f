from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Delivery:
    """One attempt to deliver an event, with what was sent and what came back."""

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
        """Tell whether the receiver accepted it."""
        return self.status == "OK"
