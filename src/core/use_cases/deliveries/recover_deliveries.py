from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.domain.deliveries.recovery import RecoveryState
from core.use_cases.deliveries.compare_log import CompareLog
from core.use_cases.deliveries.fetch_missing import FetchMissing, FetchResult
from ports.provider import GitProvider
from ports.system import Clock, Exclusion
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork

HELD_ELSEWHERE = "held_elsewhere"
NO_DELIVERY_LOG = "no_delivery_log"


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """The result of one run of delivery recovery for one provider.

    The run read `looked_at` attempts of the log. `too_young` of them may still arrive and are left for the next
    run. `found` counts newly found missing deliveries by event type. `missing` are still missing, `given_up`
    cannot be recovered. `stopped_by` is why the run ended early: the code of an error, or a reason of this
    service. The numbers are complete only if the log was `compared` to its end.
    """

    compared: bool = False
    looked_at: int = 0
    too_young: int = 0
    found: Mapping[str, int] = field(default_factory=dict)
    recovered: int = 0
    redelivered: int = 0
    failed: int = 0
    missing: int = 0
    given_up: int = 0
    compared_until: datetime | None = None
    stopped_by: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every delivery that the provider's log can return is stored."""
        return not self.missing and self.stopped_by in (None, NO_DELIVERY_LOG)


@dataclass(frozen=True, slots=True)
class RecoverDeliveries:
    """Store the deliveries that a provider could not deliver, from the provider's delivery log.

    GitHub does not redeliver by itself. A run first records the missing deliveries, then fetches them. The next
    run continues after an early end.
    https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    compare: CompareLog
    fetch: FetchMissing
    exclusion: Exclusion
    clock: Clock
    metrics: Metrics

    async def __call__(self, *, since: timedelta | None = None, dry_run: bool = False) -> Mapping[str, RecoveryReport]:
        """Recover from every provider that has a delivery log; raises `StorageUnavailable`.

        `since` compares at least this period again. A dry run changes nothing.
        """
        for name, provider in self.providers.items():
            if provider.capabilities.delivery_log:
                # Published first, because the run may exceed its time limit or lose the database.
                await self._publish_state(name)
        async with self.exclusion.hold("recover_deliveries") as has_lock:
            if not has_lock and not dry_run:
                return {name: RecoveryReport(stopped_by=HELD_ELSEWHERE) for name in self.providers}
            return {
                name: await self._recover(provider, since=since, dry_run=dry_run)
                for name, provider in self.providers.items()
            }

    async def _recover(self, provider: GitProvider, *, since: timedelta | None, dry_run: bool) -> RecoveryReport:
        if not provider.capabilities.delivery_log:
            return RecoveryReport(stopped_by=NO_DELIVERY_LOG)
        compared = await self.compare(provider, since=since, keep=not dry_run)
        await self._publish_state(provider.name)
        fetched = FetchResult(stopped_by=compared.stopped_by)
        if fetched.stopped_by is None and not dry_run:
            fetched = await self.fetch(provider)
        after = await self._publish_state(provider.name)
        return RecoveryReport(
            compared=compared.stopped_by is None,
            looked_at=compared.looked_at,
            too_young=compared.too_young,
            found=dict(compared.found),
            recovered=fetched.recovered,
            redelivered=fetched.redelivered,
            failed=len(fetched.failures),
            missing=after.missing + (compared.found.total() if dry_run else 0),
            given_up=after.given_up,
            compared_until=after.compared_until,
            stopped_by=fetched.stopped_by,
        )

    async def _publish_state(self, provider: str) -> RecoveryState:
        """Return the state of recovery, and publish it as metrics."""
        async with self.unit_of_work() as tx:
            state = await tx.recoveries.get_state(provider)
        if state.compared_at is not None:
            behind = (self.clock.now() - state.compared_at).total_seconds()
            self.metrics.set_recovery_state(provider, missing=state.missing, behind=max(behind, 0.0))
        return state
