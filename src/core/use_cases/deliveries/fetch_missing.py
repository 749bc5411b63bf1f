import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.deliveries.delivery import DeliveryRefused, QuotedDelivery, Receipt, ReceiverBusy
from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, plan_retry
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.provider_errors import NotVisible, ProviderUnavailable
from core.use_cases.deliveries.compare_log import PROVIDER_ERRORS
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from ports.provider import GitProvider
from ports.system import Alerts, Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

Pause = Callable[[float], Awaitable[None]]

# GitHub counts a read as one of 900 points a minute and a redelivery as five, and wants a second between
# writes: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
MAX_FETCHES = 600
_MAX_FAILURES = 20
_WRITE_INTERVAL_SECONDS = 1.0
# Payloads have up to 25 MB.
_MAX_CONCURRENT = 4
# Reserved for issuing tokens.
_RESERVED_CALLS = 0.5
# Delivery logs are shorter.
_MAX_AGE = timedelta(days=14)


@dataclass(slots=True)
class FetchResult:
    """The numbers of recovered and redelivered deliveries, the failures, and why the run ended early."""

    recovered: int = 0
    redelivered: int = 0
    failures: list[FailedFetch] = field(default_factory=list)
    stopped_by: str | None = None


@dataclass(frozen=True, slots=True)
class FetchMissing:
    """Fetch missing deliveries from the provider's delivery log, the most important ones first.

    A run is bounded. If a delivery cannot be fetched, the provider is requested to send it again, and the run
    continues. The run ends if the provider rejects all requests or does not respond. A delivery that arrives
    in the meantime is stored once.
    """

    unit_of_work: UnitOfWork
    receive: ReceiveDelivery
    protocols: Mapping[str, WebhookProtocol]
    clock: Clock
    metrics: Metrics
    alerts: Alerts
    pause: Pause = asyncio.sleep

    async def __call__(self, provider: GitProvider) -> FetchResult:
        """Fetch the due deliveries; raises `StorageUnavailable`, and then the rest stays missing."""
        result, now = FetchResult(), self.clock.now()
        async with self.unit_of_work() as tx:
            await tx.recoveries.delete_resolved(provider.name, forget_before=now - _MAX_AGE)
            due = await tx.recoveries.list_due(provider.name, now=now, limit=MAX_FETCHES)
            await tx.commit()
        for start in range(0, len(due), _MAX_CONCURRENT):
            if result.stopped_by is None:
                result.stopped_by = self._find_stop_reason(provider, result)
            if result.stopped_by is not None:
                break
            await self._fetch(provider, due[start : start + _MAX_CONCURRENT], result)
        async with self.unit_of_work() as tx:
            await tx.recoveries.record_failures(provider.name, result.failures)
            await tx.recoveries.delete_resolved(provider.name, forget_before=now - _MAX_AGE)
            await tx.commit()
        self._report_failures(provider.name, result.failures)
        return result

    def _find_stop_reason(self, provider: GitProvider, result: FetchResult) -> str | None:
        if len(result.failures) >= _MAX_FAILURES:
            return "too_many_failures"
        left = provider.get_remaining_calls()
        return "calls_used_up" if left is not None and left < _RESERVED_CALLS else None

    async def _fetch(self, provider: GitProvider, chunk: Sequence[MissingDelivery], result: FetchResult) -> None:
        """Fetch some deliveries concurrently and store them in order."""
        answers = await asyncio.gather(*(_fetch_payload(provider, missing) for missing in chunk))
        recovered = 0
        for missing, answer in zip(chunk, answers, strict=True):
            if isinstance(answer, QuotedDelivery):
                outcome = await self._store(missing, answer)
                failure = outcome if isinstance(outcome, FailedFetch) else None
                recovered += outcome is Receipt.ACCEPTED
            elif isinstance(answer, NotVisible) or await self._is_available_despite(provider, answer):
                failure = await self._request_redelivery(provider, missing, answer, result)
            else:
                result.stopped_by = answer.code
                break
            if failure is not None:
                result.failures.append(failure)
        result.recovered += recovered
        self.metrics.count_recovered(recovered)

    async def _store(self, missing: MissingDelivery, quoted: QuotedDelivery) -> Receipt | FailedFetch:
        try:
            return await self.receive(self.protocols[missing.provider].accept_quoted(quoted))
        except DeliveryRefused as refused:
            # The log will contain the same delivery tomorrow.
            return plan_retry(missing, refused.reason, now=self.clock.now(), final=True)
        except (StorageUnavailable, ReceiverBusy):
            raise
        except Exception as error:  # noqa: BLE001 - one delivery must not stop the others
            reason = error.code if isinstance(error, DomainError) else type(error).__name__
            return plan_retry(missing, reason, now=self.clock.now())

    async def _is_available_despite(self, provider: GitProvider, error: DomainError) -> bool:
        """Return whether the error concerns this delivery only, and the provider answers other requests."""
        if not isinstance(error, ProviderUnavailable):
            return False
        try:
            await provider.get_app()
        except PROVIDER_ERRORS:
            return False
        return True

    async def _request_redelivery(
        self, provider: GitProvider, missing: MissingDelivery, error: DomainError, result: FetchResult
    ) -> FailedFetch:
        await self.pause(_WRITE_INTERVAL_SECONDS)
        try:
            await provider.redeliver(missing.logged_id)
        except NotVisible as not_visible:
            return plan_retry(missing, not_visible.code, now=self.clock.now(), final=True)
        except PROVIDER_ERRORS as refused:
            return plan_retry(missing, refused.code, now=self.clock.now())
        result.redelivered += 1
        return plan_retry(missing, error.code, now=self.clock.now())

    def _report_failures(self, provider: str, failures: list[FailedFetch]) -> None:
        reported = [failure for failure in failures if failure.should_alert]
        if reported:
            self.alerts.alert(
                "deliveries_not_recovered",
                "Webhook deliveries in the provider's delivery log could not be fetched. `reason` is the "
                "cause for `delivery_id`. See docs/runbook.md, Webhook deliveries are missing.",
                provider=provider,
                missing=len(reported),
                delivery_id=reported[0].delivery_id,
                reason=reported[0].reason,
            )


async def _fetch_payload(provider: GitProvider, missing: MissingDelivery) -> QuotedDelivery | DomainError:
    try:
        return await provider.get_delivery(missing.logged_id)
    except PROVIDER_ERRORS as error:
        return error
