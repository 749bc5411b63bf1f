from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StartedFlow:
    """A new browser flow: the page to redirect the browser to, and the cookie that binds the flow to it.

    The name of the cookie contains `flow_id`. The flow ends at `expires_at`.
    """

    url: str
    flow_id: UUID
    cookie: str
    expires_at: datetime
