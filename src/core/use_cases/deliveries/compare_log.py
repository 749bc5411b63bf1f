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

PROVIDER_ERRORS = (ProviderUnavailable, RateLimited, CredentialRefused, PermissionMissing, NotVisible, AccessBlocked)
"""Errors of the provider that end a run of recovery. The next run continues."""


_BATCH_SIZE = 1000
# The log is sorted by the first attempt, but has the time of each attempt. Another page is read after an entry
# that is too old, so that a single entry out of order does not end the comparison.
_MAX_OLD_ENTRIES = 100


@dataclass(slots=True)
class LogComparison:
    """The result of a comparison: the number of attempts read, and the deliveries newly found missing by type.

    `too_young` attempts may still arrive, so the next comparison handles them. `stopped_by` is the code of
    the error that ended the comparison early.
    """

    looked_at: int = 0
    too_young: int = 0
    found: Counter[str] = field(default_factory=Counter)
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class CompareLog:
    """Read a provider's delivery log and record each delivery that is not stored as a webhook event.

    The log's own record of success is not used, because a delivery may have been lost with a disk after this
    service answered. Only a complete comparison moves the position from which the next one starts. Deliveries
    recorded before an early end stay recorded.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    clock: Clock

    async def __call__(
        self, provider: GitProvider, *, since: timedelta | None = None, keep: bool = True
    ) -> LogComparison:
        """Compare back to the last position, or for at least `since`. Without `keep`, nothing is written."""
        comparison, now = LogComparison(), self.clock.now()
        async with self.unit_of_work() as tx:
            state = await tx.recoveries.get_state(provider.name)
        oldest = comparison_start(state.compared_until, since, now=now)
        newest: datetime | None = None
        batch: dict[str, MissingDelivery] = {}
        old_entries = 0
        try:
            async with aclosing(provider.list_deliveries()) as log:
                async for logged in log:
                    if oldest is not None and logged.delivered_at < oldest:
                        old_entries += 1
                        if old_entries > _MAX_OLD_ENTRIES:
                            break
                        continue
                    comparison.looked_at += 1
                    if may_still_arrive(logged, now=now):
                        comparison.too_young += 1
                        continue
                    newest = max(newest or logged.delivered_at, logged.delivered_at)
                    self._add(batch, provider.name, logged)
                    if len(batch) >= _BATCH_SIZE:
                        await self._compare(batch, comparison, keep=keep)
        except PROVIDER_ERRORS as error:
            comparison.stopped_by = error.code
        await self._compare(batch, comparison, keep=keep)
        if keep and comparison.stopped_by is None:
            async with self.unit_of_work() as tx:
                await tx.recoveries.record_comparison(provider.name, until=newest, at=now)
                await tx.commit()
        return comparison

    def _add(self, batch: dict[str, MissingDelivery], provider: str, logged: LoggedDelivery) -> None:
        """Add an attempt to the batch, and merge it with other attempts of the delivery."""
        existing = batch.get(logged.guid)
        batch[logged.guid] = MissingDelivery(
            provider=provider,
            delivery_id=logged.guid,
            logged_id=max(logged.id, existing.logged_id) if existing else logged.id,
            event_type=logged.event_type,
            delivered_at=min(logged.delivered_at, existing.delivered_at) if existing else logged.delivered_at,
            acted_on=self.protocols[provider].handles(logged.event_type),
        )

    async def _compare(self, batch: dict[str, MissingDelivery], comparison: LogComparison, *, keep: bool) -> None:
        if not batch:
            return
        async with self.unit_of_work() as tx:
            new = await tx.recoveries.record_logged(list(batch.values()))
            if keep:
                await tx.commit()
        comparison.found.update(missing.event_type for missing in new)
        batch.clear()
