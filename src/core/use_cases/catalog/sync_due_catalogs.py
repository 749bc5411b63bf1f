from collections import Counter
from dataclasses import dataclass

from core.domain.errors import StorageConflict
from core.domain.identifiers import IntegrationId
from core.domain.integrations.integration import Integration
from core.use_cases.catalog.sync_catalog import SyncCatalog, SyncOutcome
from ports.clock import Clock
from ports.unit_of_work import UnitOfWork

_LOOKED_AT = 20


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
            due = await tx.catalog.list_due_syncs(now=self.clock.now(), limit=_LOOKED_AT + len(tried))
        return next((integration for integration in due if integration.id not in tried), None)
