from collections.abc import Sequence
from copy import deepcopy

from core.domain.audit import Version, VersionId
from core.domain.identifiers import OrganizationId
from ports.versions import VersionStore
from testing.memory.database import Session


class MemoryVersionStore(VersionStore):
    """The audit trail in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list_by_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first."""
        return [
            deepcopy(version)
            for _, version in sorted(self._session.state.versions.items())
            if (version.item_type, version.item_id) == (item_type, item_id)
        ]

    async def list_by_organization(
        self, organization_id: OrganizationId, provider: str, *, limit: int, before: VersionId | None = None
    ) -> Sequence[Version]:
        """Return an organization's history with a provider, newest first."""
        state = self._session.state
        found = [
            deepcopy(version)
            for version_id, version in sorted(state.versions.items(), reverse=True)
            if (before is None or version_id < before)
            and state.version_owners[version_id] in ((organization_id, provider), (organization_id, None))
        ]
        return found[:limit]
