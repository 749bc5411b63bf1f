from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Version:
    """An audit row: who changed what, before and after (secrets masked)."""

    id: int
    item_type: str
    item_id: str
    event: str
    actor: str
    request_id: str | None
    changes: Mapping[str, Any]
    created_at: datetime
