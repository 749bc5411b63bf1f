from collections.abc import Sequence
from copy import deepcopy

from adapters.memory.database import Session
from core.domain.versions import Version
from ports.versions import VersionStore


class MemoryVersionStore(VersionStore):
    """The audit trail in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first."""
        versions = self._session.state.versions
        return [
            deepcopy(version)
            for _, version in sorted(versions.items())
            if (version.item_type, version.item_id) == (item_type, item_id)
        ]
