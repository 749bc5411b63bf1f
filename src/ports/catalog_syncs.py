from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.domain.integrations.integration import Integration


@dataclass(frozen=True, slots=True)
class SyncClaim:
    """The right to sync one integration's catalog, until it expires.

    `integration` is as it was found; `claimed_at` is the claimant's time, and `began_at` the same moment by
    storage's clock: what was written to the catalog at that time or after, this sync must leave alone.
    """

    owner: str
    integration: Integration
    claimed_at: datetime
    began_at: datetime


class CatalogSyncStore(Protocol):
    """Who syncs which catalog, and how it went. Bookkeeping: it leaves no audit versions.

    A catalog is due where its integration is active, nobody holds a claim, no retry is set for later, and a
    sync was requested, failed, broke off, never was, or was a day ago (see `reconcile_after`).
    """

    async def due(self, *, now: datetime, limit: int) -> Sequence[Integration]:
        """Return integrations whose catalog is due, those that waited longest first."""

    async def claim(
        self, integration: Integration, *, owner: str, now: datetime, until: datetime
    ) -> SyncClaim | None:
        """Take the sync of a catalog that is still due, for the same installation, and answer its request.

        A request made from now on asks for another sync. Promised only while the installation's lane is
        held: an event of before is visible to the sync, and one of after is known to it by its rows' time.
        """

    async def renew(self, claim: SyncClaim, *, until: datetime) -> bool:
        """Hold the integration until this transaction ends and the claim until then; False where it is lost.

        Lost: it expired and another took it, or the integration is not active with this installation any
        more. What is written in the same transaction is then of no use.
        """

    async def finish(
        self, claim: SyncClaim, *, remark: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """End a claim that is still held: the catalog is as of its beginning.

        With a remark the sync ended, but not as wanted: the catalog is due again at `retry_at`.
        """

    async def fail(self, claim: SyncClaim, *, reason: str, retry_at: datetime) -> None:
        """End a claim that is still held, without success: the catalog keeps its age, and is due then."""

    async def release(self, claim: SyncClaim) -> None:
        """End a claim that is still held as if it had not been made; its request stands again."""
