from collections.abc import Sequence
from typing import Protocol

from core.domain.versions import Version


class VersionStore(Protocol):
    """The audit trail. Rows are written by the audited stores, in the transaction of the change."""

    async def of_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first; `item_id` is its external id."""
