from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from core.domain.actors import SystemActor
from core.domain.catalog.catalog import CatalogStep, build_listed_steps, build_unlisted_steps, derive_consequences
from core.domain.errors import StorageConflict
from core.domain.identifiers import RepoId
from core.domain.provider_events import RepositoryFacts
from ports.catalog import SyncClaim
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

T = TypeVar("T")

# Renewed with every page. A page that takes longer has failed.
LEASE = timedelta(minutes=2)

_REMOVAL_BATCH_SIZE = 500
_MAX_ATTEMPTS = 3
_BY = SystemActor("sync")


class ClaimLost(Exception):
    """Another process syncs this catalog, or the integration has another installation now."""


@dataclass(frozen=True, slots=True)
class SyncWriter:
    """Writes the results of a sync in short transactions, each of which renews the claim.

    Raises `ClaimLost`, and then the transaction writes nothing. Rows that changed since the sync began are
    skipped.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    claim: SyncClaim

    async def write_listed(self, listed: Sequence[RepositoryFacts]) -> int:
        """Update the rows of listed repositories; return the number of written rows."""
        integration_id = self.claim.integration.id
        keys = [(integration_id, facts.repo_id) for facts in listed]

        async def attempt(tx: Transaction) -> int:
            rows = {row.repo_id: row for row in await tx.catalog.find_repositories(keys)}
            return await self._write(tx, build_listed_steps(integration_id, listed, rows))

        return await self._attempt(attempt)

    async def remove_unlisted(self, listed: Collection[RepoId]) -> int:
        """Remove repositories that a complete listing does not contain; return the number of written rows."""
        integration_id = self.claim.integration.id
        checked, removed = set(listed), 0

        async def attempt(tx: Transaction) -> tuple[int, set[RepoId]]:
            rows = await tx.catalog.list_unlisted_repositories(integration_id, checked, limit=_REMOVAL_BATCH_SIZE)
            written = await self._write(tx, build_unlisted_steps(rows, at=self.clock.now()))
            return written, {row.repo_id for row in rows}

        while True:
            written, repo_ids = await self._attempt(attempt)
            if not repo_ids:
                return removed
            removed += written
            checked |= repo_ids

    async def finish(self, *, remark: str | None = None, retry_at: datetime | None = None) -> None:
        """End the claim. The catalog is current as of its beginning."""
        async with self.unit_of_work() as tx:
            await self._renew_claim(tx)
            await tx.catalog.finish_sync(self.claim, remark=remark, retry_at=retry_at)
            await tx.commit()

    async def _attempt(self, attempt: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a transaction, and repeat it if a link changed at the same time."""
        for _ in range(_MAX_ATTEMPTS - 1):
            try:
                async with self.unit_of_work() as tx:
                    return await attempt(tx)
            except StorageConflict:
                continue
        async with self.unit_of_work() as tx:
            return await attempt(tx)

    async def _write(self, tx: Transaction, steps: Sequence[CatalogStep]) -> int:
        if not steps:
            return 0
        # The integration is locked first, as in drains: a common order prevents deadlocks.
        await self._renew_claim(tx)
        written = await tx.catalog.save_repositories_not_written_since(
            self.claim.began_at, [step.after for step in steps]
        )
        links = await tx.links.list_by_repositories(written)
        consequences = derive_consequences(
            self.claim.integration,
            [step for step in steps if (step.after.integration_id, step.after.repo_id) in written],
            links,
            at=self.clock.now(),
            by=_BY,
        )
        await tx.links.apply(consequences.links)
        await tx.domain_events.append(consequences.domain_events)
        await tx.commit()
        return len(written)

    async def _renew_claim(self, tx: Transaction) -> None:
        if not await tx.catalog.renew_sync_claim(self.claim, until=self.clock.now() + LEASE):
            raise ClaimLost
