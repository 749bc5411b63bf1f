from collections.abc import Sequence

from adapters.postgres.session import Session
from core.domain.versions import Version
from ports.versions import VersionStore

_OF_ITEM = """
    SELECT id, item_type, item_id, event, actor, request_id, changes, created_at
    FROM versions WHERE item_type = %s AND item_id = %s ORDER BY id
"""


class PostgresVersionStore(VersionStore):
    """The table `versions`, which `audited` writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first."""
        return [Version(*row) for row in await self._session.read(_OF_ITEM, (item_type, item_id))]
