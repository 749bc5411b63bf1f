from collections.abc import Sequence
from typing import Protocol

from core.domain.audit import Version, VersionId
from core.domain.identifiers import OrganizationId


class VersionStore(Protocol):
    """The audit trail. Rows are written by the audited stores, in the transaction of the change."""

    async def list_by_item(self, item_type: str, item_id: str) -> Sequence[Version]:
        """Return an item's history, oldest first; `item_id` is its external id."""

    async def list_by_organization(
        self, organization_id: OrganizationId, provider: str, *, limit: int, before: VersionId | None = None
    ) -> Sequence[Version]:
        """Return an organization's history with a provider, newest first, those below `before` only.

        What is about no provider, such as a project, is in the history with each; what is a person's own,
        such as a connection, is in none.
        """
