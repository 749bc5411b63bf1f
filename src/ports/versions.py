from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import AuditEntry, Version, VersionId
from core.domain.identifiers import OrganizationId


class VersionStore(Protocol):
    """The audit versions. The stores of audited rows write their versions in the transaction of the change."""

    async def record(self, entry: AuditEntry, *, unless_since: datetime | None = None) -> None:
        """Store a version of an action.

        With `unless_since`, only if the actor has no version of this event and item since that time. Two calls at
        once can both store a version.
        """

    async def list_by_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's versions, the oldest first; `item_id` is its external id."""

    async def list_by_organization(
        self, organization_id: OrganizationId, provider: str, *, limit: int, before: VersionId | None = None
    ) -> Sequence[Version]:
        """Return an organization's versions with a provider and an id below `before`, the newest first.

        Versions without a provider, such as those of projects, are in the list of each provider. Versions of a user's
        own objects, such as connections, are in no list.
        """
