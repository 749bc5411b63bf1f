from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.deliveries.recovery import LoggedDelivery, MissingDelivery, comparison_start, may_still_arrive
from core.domain.provider_errors import (
    AccessBlocked,
    CredentialRefused,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

STOPS = (ProviderUnavailable, RateLimited, CredentialRefused, PermissionMissing, NotVisible, AccessBlocked)
"""What a provider may answer that ends a run: it has to wait until the next."""


_BATCH = 1000
# A log is ordered by when a delivery was made, its times are those of sending: one page more is read, so that
# a single late entry does not end the reading.
_PATIENCE = 100


@dataclass(slots=True)
class LogComparison:
    """What a provider's log showed: how many attempts, and what of it was newly found missing, by type.

    `too_young` are attempts that may still be on their way, left for the next time. `stopped_by` is the code
    of the refusal that ended it early.
    """

    looked_at: int = 0
    too_young: int = 0
    found: Counter[str] = field(default_factory=Counter)
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class CompareLog:
    """Read a provider's log of deliveries and keep a note of each that the ledger has not.

    It is compared with our ledger, not with the provider's own word on success: what was answered and then
    lost with a disk is missing, too. Only a reading that reached its end moves the mark from which the next
    one goes on; notes taken before an early end stay.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    clock: Clock

    async def __call__(
        self, provider: GitProvider, *, since: timedelta | None = None, keep: bool = True
    ) -> LogComparison:
        """Read back to the mark, or at least `since` long; without `keep` nothing is written."""
        told, now = LogComparison(), self.clock.now()
        async with self.unit_of_work() as tx:
            state = await tx.recoveries.get_state(provider.name)
        oldest = comparison_start(state.compared_until, since, now=now)
        newest: datetime | None = None
        batch: dict[str, MissingDelivery] = {}
        past = 0
        try:
            async with aclosing(provider.list_deliveries()) as log:
                async for logged in log:
                    if oldest is not None and logged.delivered_at < oldest:
                        past += 1
                        if past > _PATIENCE:
                            break
                        continue
                    told.looked_at += 1
                    if may_still_arrive(logged, now=now):
                        told.too_young += 1
                        continue
                    newest = max(newest or logged.delivered_at, logged.delivered_at)
                    self._add(batch, provider.name, logged)
                    if len(batch) >= _BATCH:
                        await self._compare(batch, told, keep=keep)
        except STOPS as stop:
            told.stopped_by = stop.code
        await self._compare(batch, told, keep=keep)
        if keep and told.stopped_by is None:
            async with self.unit_of_work() as tx:
                await tx.recoveries.record_comparison(provider.name, until=newest, at=now)
                await tx.commit()
        return told

    def _add(self, batch: dict[str, MissingDelivery], provider: str, logged: LoggedDelivery) -> None:
        """Add an attempt to a batch, in which it may meet others of the same delivery."""
        known = batch.get(logged.guid)
        batch[logged.guid] = MissingDelivery(
            provider=provider,
            delivery_id=logged.guid,
            logged_id=max(logged.id, known.logged_id) if known else logged.id,
            event_type=logged.event_type,
            delivered_at=min(logged.delivered_at, known.delivered_at) if known else logged.delivered_at,
            acted_on=self.protocols[provider].handles(logged.event_type),
        )

    async def _compare(self, batch: dict[str, MissingDelivery], told: LogComparison, *, keep: bool) -> None:
        if not batch:
            return
        async with self.unit_of_work() as tx:
            new = await tx.recoveries.record_logged(list(batch.values()))
            if keep:
                await tx.commit()
        told.found.update(missing.event_type for missing in new)
        batch.clear()
