import asyncio
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from uuid import uuid4

from core.domain.catalog.catalog import is_complete
from core.domain.catalog.sync import INCOMPLETE_RETRY, LISTING_INCOMPLETE, retry_delay
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError, StorageConflict, StorageUnavailable
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.tokens.installation_tokens import InstallationAccess
from core.use_cases.catalog.provider_access import ProviderAccess
from core.use_cases.catalog.sync_writer import LEASE, ClaimLost, SyncWriter
from ports.catalog import SyncClaim
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork


class SyncOutcome(Enum):
    """How a sync ended."""

    DONE = "done"
    NOT_DUE = "not_due"
    LOST = "lost"
    INCOMPLETE = LISTING_INCOMPLETE
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How a sync ended, how many repositories it was shown and how many rows it wrote.

    `reason` is the code of the error it failed with.
    """

    outcome: SyncOutcome
    listed: int = 0
    written: int = 0
    reason: str | None = None


@dataclass(slots=True)
class _Listing:
    """What was listed so far: ids alone, so that ten thousand repositories fit."""

    repo_ids: set[RepoId] = field(default_factory=set)
    totals: set[int] = field(default_factory=set)
    written: int = 0


@dataclass(frozen=True, slots=True)
class SyncCatalog:
    """Read an integration's repositories from its provider and bring the catalog up to them.

    Page by page, as pages come: each is compared with its rows, and only what differs is written. What an
    event wrote after the sync began is neither revived nor removed, since a page may be older than the event.
    Only a complete listing removes anything. After a failure the catalog keeps what it had, and its age.
    """

    unit_of_work: UnitOfWork
    access: ProviderAccess
    clock: Clock

    async def __call__(self, integration: Integration) -> SyncReport:
        """Sync one integration if it is due and nobody else does; raises `StorageUnavailable`."""
        claim = await self._claim(integration)
        if claim is None:
            return SyncReport(SyncOutcome.NOT_DUE)
        try:
            return await self._sync(claim)
        except (ClaimLost, asyncio.CancelledError) as left:
            await self._release(claim)
            if isinstance(left, ClaimLost):
                return SyncReport(SyncOutcome.LOST)
            raise
        except StorageUnavailable:
            # Storage cannot be told either; the claim expires.
            raise
        except DomainError as error:
            await self._fail(claim, error.code, at_least=error.retry_after or 0.0)
            return SyncReport(SyncOutcome.FAILED, reason=error.code)
        except Exception:
            await self._fail(claim, "internal")
            raise

    async def _claim(self, integration: Integration) -> SyncClaim | None:
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            # What events wrote before is visible then, and those of after ask for another sync.
            await tx.event_queue.lock(choose_lane(integration.provider_id))
            claim = await tx.catalog.claim_sync(integration, owner=uuid4().hex, now=now, until=now + LEASE)
            await tx.commit()
        return claim

    async def _sync(self, claim: SyncClaim) -> SyncReport:
        writer = SyncWriter(self.unit_of_work, self.clock, claim)

        async def read(provider: GitProvider, access: InstallationAccess) -> _Listing:
            listing = _Listing()
            async with aclosing(provider.list_repository_pages(access)) as pages:
                async for page in pages:
                    listing.totals.add(page.total)
                    listing.repo_ids.update(facts.repo_id for facts in page.repositories)
                    listing.written += await writer.take_listed(page.repositories)
            return listing

        listing = await self.access(claim.integration, read)
        listed = len(listing.repo_ids)
        if not is_complete(listing.totals, listing.repo_ids):
            # What was listed is kept; what was not may be there all the same, so nothing is removed.
            await writer.finish(remark=LISTING_INCOMPLETE, retry_at=self.clock.now() + INCOMPLETE_RETRY)
            return SyncReport(SyncOutcome.INCOMPLETE, listed, listing.written)
        removed = await writer.remove_unlisted(listing.repo_ids)
        await writer.finish()
        return SyncReport(SyncOutcome.DONE, listed, listing.written + removed)

    async def _fail(self, claim: SyncClaim, reason: str, *, at_least: float = 0.0) -> None:
        """Let it be tried again later: with each failure more so, and in `at_least` so many seconds."""
        delay = max(retry_delay(claim.integration.sync_failures + 1), timedelta(seconds=at_least))
        async with self.unit_of_work() as tx:
            await tx.catalog.fail_sync(claim, reason=reason, retry_at=self.clock.now() + delay)
            await tx.commit()

    async def _release(self, claim: SyncClaim) -> None:
        async with self.unit_of_work() as tx:
            await tx.catalog.release_sync(claim)
            await tx.commit()


_MAX_DUE = 20


@dataclass(frozen=True, slots=True)
class SyncDueCatalogs:
    """Sync the catalogs that are due, one after the other.

    Several of these may run side by side, in one process or many: each catalog is synced by one of them, and
    a large one keeps only its own waiting.
    """

    unit_of_work: UnitOfWork
    sync: SyncCatalog
    clock: Clock

    async def __call__(self) -> Counter[SyncOutcome]:
        """Go on until nothing is due, and return how many ended how; raises `StorageUnavailable`."""
        outcomes: Counter[SyncOutcome] = Counter()
        tried: set[IntegrationId] = set()
        while integration := await self._next(tried):
            tried.add(integration.id)
            try:
                outcomes[(await self.sync(integration)).outcome] += 1
            except StorageConflict:
                # Its events are being processed at length; it stays due.
                outcomes[SyncOutcome.NOT_DUE] += 1
        return outcomes

    async def _next(self, tried: set[IntegrationId]) -> Integration | None:
        async with self.unit_of_work() as tx:
            due = await tx.catalog.list_due_syncs(now=self.clock.now(), limit=_MAX_DUE + len(tried))
        return next((integration for integration in due if integration.id not in tried), None)
