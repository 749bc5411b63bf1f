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
    """How a sync ended, and the numbers of listed repositories and written rows.

    `reason` is the code of the error of a failed sync.
    """

    outcome: SyncOutcome
    listed: int = 0
    written: int = 0
    reason: str | None = None


@dataclass(slots=True)
class _Listing:
    """The listed repositories so far. Only ids, to limit the memory for ten thousand repositories."""

    repo_ids: set[RepoId] = field(default_factory=set)
    totals: set[int] = field(default_factory=set)
    written: int = 0


@dataclass(frozen=True, slots=True)
class SyncCatalog:
    """Read an integration's repositories from its provider and update the catalog.

    Each page is compared with its rows, and only differences are written. Rows that an event wrote after the
    sync began do not change, because a page may be older than the event. Only a complete listing removes
    repositories. After a failure, the catalog stays as it was.
    """

    unit_of_work: UnitOfWork
    access: ProviderAccess
    clock: Clock

    async def __call__(self, integration: Integration) -> SyncReport:
        """Sync one integration if it is due and no other process syncs it; raises `StorageUnavailable`."""
        claim = await self._claim(integration)
        if claim is None:
            return SyncReport(SyncOutcome.NOT_DUE)
        try:
            return await self._sync(claim)
        except (ClaimLost, asyncio.CancelledError) as reason:
            await self._release(claim)
            if isinstance(reason, ClaimLost):
                return SyncReport(SyncOutcome.LOST)
            raise
        except StorageUnavailable:
            raise  # the claim cannot be released; it expires
        except DomainError as error:
            await self._fail(claim, error.code, at_least=error.retry_after or 0.0)
            return SyncReport(SyncOutcome.FAILED, reason=error.code)
        except Exception:
            await self._fail(claim, "internal")
            raise

    async def _claim(self, integration: Integration) -> SyncClaim | None:
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            # Changes of earlier events are visible after this, and later events request another sync.
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
                    listing.written += await writer.write_listed(page.repositories)
            return listing

        listing = await self.access(claim.integration, read)
        listed = len(listing.repo_ids)
        if not is_complete(listing.totals, listing.repo_ids):
            # The other repositories may still exist, so none is removed.
            await writer.finish(remark=LISTING_INCOMPLETE, retry_at=self.clock.now() + INCOMPLETE_RETRY)
            return SyncReport(SyncOutcome.INCOMPLETE, listed, listing.written)
        removed = await writer.remove_unlisted(listing.repo_ids)
        await writer.finish()
        return SyncReport(SyncOutcome.DONE, listed, listing.written + removed)

    async def _fail(self, claim: SyncClaim, reason: str, *, at_least: float = 0.0) -> None:
        """Schedule a retry. The delay grows with each failure and is at least `at_least` seconds."""
        delay = max(retry_delay(claim.integration.sync_failures + 1), timedelta(seconds=at_least))
        async with self.unit_of_work() as tx:
            await tx.catalog.fail_sync(claim, reason=reason, retry_at=self.clock.now() + delay)
            await tx.commit()

    async def _release(self, claim: SyncClaim) -> None:
        async with self.unit_of_work() as tx:
            await tx.catalog.release_sync(claim)
            await tx.commit()


_PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class SyncDueCatalogs:
    """Sync the due catalogs one after the other.

    Several runs are possible at the same time, in one process or many: each catalog is synced by one of them.
    """

    unit_of_work: UnitOfWork
    sync: SyncCatalog
    clock: Clock

    async def __call__(self) -> Counter[SyncOutcome]:
        """Sync until no catalog is due and return the number of syncs by outcome; raises `StorageUnavailable`."""
        outcomes: Counter[SyncOutcome] = Counter()
        tried: set[IntegrationId] = set()
        while integration := await self._next(tried):
            tried.add(integration.id)
            try:
                outcomes[(await self.sync(integration)).outcome] += 1
            except StorageConflict:
                # The lane was locked for too long; the catalog stays due.
                outcomes[SyncOutcome.NOT_DUE] += 1
        return outcomes

    async def _next(self, tried: set[IntegrationId]) -> Integration | None:
        async with self.unit_of_work() as tx:
            due = await tx.catalog.list_due_syncs(now=self.clock.now(), limit=_PAGE_SIZE + len(tried))
        return next((integration for integration in due if integration.id not in tried), None)
