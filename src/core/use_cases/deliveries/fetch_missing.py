import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.deliveries.delivery import DeliveryRefused, QuotedDelivery, Receipt, ReceiverBusy
from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, plan_retry
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.provider_errors import NotVisible, ProviderUnavailable
from core.use_cases.deliveries.compare_log import STOPS
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from ports.provider import GitProvider
from ports.system import Alerts, Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

Pause = Callable[[float], Awaitable[None]]

# GitHub counts a read as one of 900 points a minute and a redelivery as five, and wants a second between
# writes: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
MOST = 600
_MOST_FAILURES = 20
_BETWEEN_WRITES = 1.0
# Payloads have up to 25 MB.
_AT_ONCE = 4
# The app's calls are for minting tokens first.
_LEFT_FOR_OTHERS = 0.5
# No log reaches back as far.
_FORGOTTEN_AFTER = timedelta(days=14)


@dataclass(slots=True)
class FetchResult:
    """What became of missing deliveries; `stopped_by` is why it ended before all were asked for."""

    recovered: int = 0
    redelivered: int = 0
    failures: list[FailedFetch] = field(default_factory=list)
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class FetchMissing:
    """Fetch missing deliveries from the provider's log into the ledger, those that matter most first.

    Bounded per run. One that cannot be fetched is asked to be sent again, and holds up no other; the run ends
    when the provider refuses or does not answer, which is no delivery's fault. A delivery that arrives
    by itself meanwhile is kept once all the same: the ledger sees to that.
    """

    unit_of_work: UnitOfWork
    receive: ReceiveDelivery
    protocols: Mapping[str, WebhookProtocol]
    clock: Clock
    metrics: Metrics
    alerts: Alerts
    pause: Pause = asyncio.sleep

    async def __call__(self, provider: GitProvider) -> FetchResult:
        """Fetch what is due; raises `StorageUnavailable`, and what was not kept stays missing."""
        told, now = FetchResult(), self.clock.now()
        async with self.unit_of_work() as tx:
            await tx.recoveries.delete_resolved(provider.name, forget_before=now - _FORGOTTEN_AFTER)
            due = await tx.recoveries.list_due(provider.name, now=now, limit=MOST)
            await tx.commit()
        for start in range(0, len(due), _AT_ONCE):
            if told.stopped_by is None:
                told.stopped_by = self._reason_to_stop(provider, told)
            if told.stopped_by is not None:
                break
            await self._fetch(provider, due[start : start + _AT_ONCE], told)
        async with self.unit_of_work() as tx:
            await tx.recoveries.record_failures(provider.name, told.failures)
            await tx.recoveries.delete_resolved(provider.name, forget_before=now - _FORGOTTEN_AFTER)
            await tx.commit()
        self._tell(provider.name, told.failures)
        return told

    def _reason_to_stop(self, provider: GitProvider, told: FetchResult) -> str | None:
        if len(told.failures) >= _MOST_FAILURES:
            return "too_many_failures"
        left = provider.get_remaining_calls()
        return "calls_used_up" if left is not None and left < _LEFT_FOR_OTHERS else None

    async def _fetch(self, provider: GitProvider, chunk: Sequence[MissingDelivery], told: FetchResult) -> None:
        """Fetch a few at once and keep them in their order."""
        answers = await asyncio.gather(*(_quoted(provider, missing) for missing in chunk))
        recovered = 0
        for missing, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, QuotedDelivery):
                kept = await self._keep(missing, answer)
                failure = kept if isinstance(kept, FailedFetch) else None
                recovered += kept is Receipt.ACCEPTED
            elif isinstance(answer, NotVisible) or await self._answers(provider, answer):
                failure = await self._ask_again(provider, missing, answer, told)
            else:
                told.stopped_by = answer.code
                break
            if failure is not None:
                told.failures.append(failure)
        told.recovered += recovered
        self.metrics.count_recovered(recovered)

    async def _keep(self, missing: MissingDelivery, quoted: QuotedDelivery) -> Receipt | FailedFetch:
        try:
            return await self.receive(self.protocols[missing.provider].accept_quoted(quoted))
        except DeliveryRefused as refused:
            # The log will say the same tomorrow.
            return plan_retry(missing, refused.reason, now=self.clock.now(), final=True)
        except (StorageUnavailable, ReceiverBusy):
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one must not hold up the others
            reason = error.code if isinstance(error, DomainError) else type(error).__name__
            return plan_retry(missing, reason, now=self.clock.now())

    async def _answers(self, provider: GitProvider, error: DomainError) -> bool:
        """Tell whether it is this delivery alone for which the provider has no answer."""
        if not isinstance(error, ProviderUnavailable):
            return False
        try:
            await provider.get_app()
        except STOPS:
            return False
        return True

    async def _ask_again(
        self, provider: GitProvider, missing: MissingDelivery, error: DomainError, told: FetchResult
    ) -> FailedFetch:
        await self.pause(_BETWEEN_WRITES)
        try:
            await provider.redeliver(missing.logged_id)
        except NotVisible as gone:
            return plan_retry(missing, gone.code, now=self.clock.now(), final=True)
        except STOPS as refused:
            return plan_retry(missing, refused.code, now=self.clock.now())
        told.redelivered += 1
        return plan_retry(missing, error.code, now=self.clock.now())

    def _tell(self, provider: str, failures: list[FailedFetch]) -> None:
        worst = [failure for failure in failures if failure.should_alert]
        if worst:
            self.alerts.alert(
                "deliveries_not_recovered",
                "Webhook deliveries in the provider's delivery log could not be fetched. `reason` is the "
                "cause for `delivery_id`. See docs/runbook.md, Webhook deliveries are missing.",
                provider=provider,
                missing=len(worst),
                delivery_id=worst[0].delivery_id,
                reason=worst[0].reason,
            )


async def _quoted(provider: GitProvider, missing: MissingDelivery) -> QuotedDelivery | DomainError:
    try:
        return await provider.get_delivery(missing.logged_id)
    except STOPS as error:
        return error
