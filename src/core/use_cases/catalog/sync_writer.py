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

# Renewed with every page; a page that takes longer than this is not coming.
LEASE = timedelta(minutes=2)

_REMOVED_AT_ONCE = 500
_ATTEMPTS = 3
_BY = SystemActor("sync")


class ClaimLost(Exception):
    """Another syncs this catalog, or the installation is not this integration's any more."""


@dataclass(frozen=True, slots=True)
class SyncWriter:
    """Writes what a sync finds, a short transaction at a time, each under its claim.

    Raises `ClaimLost`, with nothing of that transaction written. What was written to the catalog since the
    sync began is left alone, and so has no consequences either.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    claim: SyncClaim

    async def take_listed(self, listed: Sequence[RepositoryFacts]) -> int:
        """Bring rows up to what the provider lists; return how many were written."""
        integration_id = self.claim.integration.id
        keys = [(integration_id, facts.repo_id) for facts in listed]

        async def attempt(tx: Transaction) -> int:
            known = {row.repo_id: row for row in await tx.catalog.find_repositories(keys)}
            return await self._write(tx, build_listed_steps(integration_id, listed, known))

        return await self._attempt(attempt)

    async def remove_unlisted(self, listed: Collection[RepoId]) -> int:
        """Remove rows that a complete listing does not show; return how many were written."""
        integration_id = self.claim.integration.id
        seen, removed = set(listed), 0

        async def attempt(tx: Transaction) -> tuple[int, set[RepoId]]:
            rows = await tx.catalog.list_unlisted_repositories(integration_id, seen, limit=_REMOVED_AT_ONCE)
            written = await self._write(tx, build_unlisted_steps(rows, at=self.clock.now()))
            return written, {row.repo_id for row in rows}

        while True:
            written, looked_at = await self._attempt(attempt)
            if not looked_at:
                return removed
            removed += written
            seen |= looked_at

    async def finish(self, *, remark: str | None = None, retry_at: datetime | None = None) -> None:
        """End the claim: the catalog is as of its beginning."""
        async with self.unit_of_work() as tx:
            await self._hold(tx)
            await tx.catalog.finish_sync(self.claim, remark=remark, retry_at=retry_at)
            await tx.commit()

    async def _attempt(self, attempt: Callable[[Transaction], Awaitable[T]]) -> T:
        """Try again where a link was changed or deleted just then."""
        for _ in range(_ATTEMPTS - 1):
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
        # The integration's row first, as events do: who takes rows in one order never waits in a circle.
        await self._hold(tx)
        written = await tx.catalog.save_repositories_not_written_since(
            self.claim.began_at, [step.after for step in steps]
        )
        links = await tx.links.list_by_repositories(written)
        follow = derive_consequences(
            self.claim.integration,
            [step for step in steps if (step.after.integration_id, step.after.repo_id) in written],
            links,
            at=self.clock.now(),
            by=_BY,
        )
        await tx.links.apply(follow.links)
        await tx.domain_events.append(follow.domain_events)
        await tx.commit()
        return len(written)

    async def _hold(self, tx: Transaction) -> None:
        if not await tx.catalog.renew_sync_claim(self.claim, until=self.clock.now() + LEASE):
            raise ClaimLost
