from collections.abc import Sequence

from adapters.postgres.connection.session import Session
from core.domain.audit import Version, VersionId
from core.domain.identifiers import OrganizationId
from ports.versions import VersionStore

_SELECT = "SELECT id, item_type, item_id, event, actor, request_id, changes, created_at FROM versions"
_OF_ITEM = f"{_SELECT} WHERE item_type = %s AND item_id = %s ORDER BY id"
# Compared and ordered as pairs: given the organization by an equality, the planner might look for the few
# versions of a quiet one by reading everybody's backwards.
OF_ORGANIZATION = f"""
    {_SELECT}
    WHERE (organization_id, id) < (%(organization_id)s, %(before)s) AND organization_id >= %(organization_id)s
        AND (provider = %(provider)s OR provider IS NULL)
    ORDER BY organization_id DESC, id DESC LIMIT %(limit)s
"""
_AFTER_ALL = 2**63 - 1


class PostgresVersionStore(VersionStore):
    """The table `versions`, which `audited` writes."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list_by_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first."""
        return [Version(*row) for row in await self._session.read(_OF_ITEM, (item_type, item_id))]

    async def list_by_organization(
        self, organization_id: OrganizationId, provider: str, *, limit: int, before: VersionId | None = None
    ) -> Sequence[Version]:
        """Return an organization's history with a provider, newest first."""
        parameters = {
            "organization_id": organization_id,
            "before": before or _AFTER_ALL,
            "provider": provider,
            "limit": limit,
        }
        return [Version(*row) for row in await self._session.read(OF_ORGANIZATION, parameters)]
