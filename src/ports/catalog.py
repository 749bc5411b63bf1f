from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPosition
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.integrations.integration import Integration


@dataclass(frozen=True, slots=True)
class SyncClaim:
    """The right to sync one integration's catalog, until it expires.

    `integration` is the integration at the time of the claim. `claimed_at` is the caller's time. `began_at` is the
    same moment by the clock of the storage: the sync must not overwrite rows written at or after it.
    """

    owner: str
    integration: Integration
    claimed_at: datetime
    began_at: datetime


class CatalogStore(Protocol):
    """The repository catalogs of integrations, and their syncs.

    The catalog is a copy of the provider's data, so neither its rows nor its syncs are audited. The storage records,
    by its own clock, when each row was last written.

    A sync is due if the integration is active, nobody holds a claim, no later retry is scheduled, and a sync was
    requested, failed, was interrupted, never finished, or finished a day ago (see `reconcile_delay`).
    """

    async def find_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows that exist for these keys, removed rows included, in no order."""

    async def find_repositories_by_name(self, names: Collection[tuple[IntegrationId, str]]) -> Sequence[Repository]:
        """Return the rows with these full names, ignoring case, without removed rows, in no order."""

    async def load_repositories(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""

    async def search_repositories(
        self,
        organization_id: OrganizationId,
        provider: str,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPosition | None = None,
    ) -> tuple[Integration, Sequence[Repository]] | None:
        """Return an organization's integration and at most `limit` rows of its catalog that match the filter.

        The rows are ordered by name, ignoring case, and start behind `after`. Removed rows are left out. Returns None
        if the organization has no integration with this provider.
        """

    async def save_repositories(self, repositories: Sequence[Repository]) -> None:
        """Insert or update these rows; if several have the same key, the last one is stored."""

    async def save_repositories_not_written_since(
        self, time: datetime, repositories: Sequence[Repository]
    ) -> Collection[tuple[IntegrationId, RepoId]]:
        """Save the rows that were not written at or after this time, and return the keys of the saved rows.

        The time is by the clock of the storage, such as `SyncClaim.began_at`. Waits for concurrent writers.
        """

    async def list_unlisted_repositories(
        self, integration_id: IntegrationId, listed: Collection[RepoId], *, limit: int
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that are not removed and not in `listed`, in no order."""

    async def list_due_syncs(self, *, now: datetime, limit: int) -> Sequence[Integration]:
        """Return at most `limit` integrations whose sync is due, those that wait longest first."""

    async def claim_sync(
        self, integration: Integration, *, owner: str, now: datetime, until: datetime
    ) -> SyncClaim | None:
        """Claim a sync that is still due for the same installation, and clear its request.

        A later request asks for another sync. Guaranteed only while the caller holds the installation's lane: the
        sync then sees the changes of earlier events, and finds the rows of later events by their time.
        """

    async def renew_sync_claim(self, claim: SyncClaim, *, until: datetime) -> bool:
        """Extend a claim and lock the integration until the transaction ends; return False if it is lost.

        A claim is lost if it expired and another process took it, or if the integration is no longer active with this
        installation. Then the changes of the same transaction must not be committed.
        """

    async def finish_sync(
        self, claim: SyncClaim, *, remark: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """End a claim that is still held: the catalog has the state of the time of the claim.

        With a remark, the sync was not complete: it is due again at `retry_at`.
        """

    async def fail_sync(self, claim: SyncClaim, *, reason: str, retry_at: datetime) -> None:
        """End a claim that is still held after a failure: the sync is due again at `retry_at`."""

    async def release_sync(self, claim: SyncClaim) -> None:
        """End a claim that is still held as if it had not been made; its request is restored."""
