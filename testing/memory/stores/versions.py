from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime

from core.domain.audit import AuditEntry, Version, VersionId
from core.domain.identifiers import OrganizationId
from ports.versions import VersionStore
from testing.memory.database import Session


class MemoryVersionStore(VersionStore):
    """The audit trail in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, entry: AuditEntry, *, unless_since: datetime | None = None) -> None:
        """Store a version of an action, unless the actor has a recent one."""
        state = await self._session.writable()
        version = Version(
            id=VersionId(next(self._session.database.ids)),
            item_type=entry.item_type,
            item_id=entry.item_id,
            event=entry.event,
            actor=entry.by.name,
            request_id=entry.by.request_id,
            changes=dict(entry.changes),
            created_at=self._session.database.now(),
        )
        recent = [
            known
            for known in state.versions.values()
            if unless_since is not None and known.created_at >= unless_since and _identify(known) == _identify(version)
        ]
        if not recent:
            state.versions[version.id] = version
            state.version_owners[version.id] = (entry.organization_id, entry.provider)

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


def _identify(version: Version) -> tuple[str, ...]:
    return version.item_type, version.item_id, version.event, version.actor
