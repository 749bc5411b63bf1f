from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.errors import DomainError
from core.domain.provider_errors import AppRefused
from core.domain.tokens.lease import app_pause
from ports.system import Alerts, Clock
from ports.unit_of_work import UnitOfWork

_FAULT_MEMORY = timedelta(hours=1)


@dataclass(slots=True)
class _Failures:
    count: int
    until: datetime


class AppCircuitBreaker:
    """Limits requests of this process to providers that reject the app, and alerts operators once.

    A wrong key is one fault for all customers and processes. Operators are alerted again only after it was
    fixed, or was not seen for an hour. The private key and the client secret of the app fail independently, so
    each has its own circuit breaker.
    """

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock, alerts: Alerts, *, credential: str) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._alerts = alerts
        self._credential = credential
        self._failures: dict[str, _Failures] = {}

    def check(self, provider: str) -> None:
        """Raise `AppRefused` until the next request is allowed."""
        failures = self._failures.get(provider)
        if failures is not None and failures.until > self._clock.now():
            raise self._create_error(failures)

    async def record_refusal(self, provider: str, refusal: DomainError) -> AppRefused:
        """Record that the provider rejected the app, and return the error for callers."""
        previous, now = self._failures.get(provider), self._clock.now()
        count = previous.count + 1 if previous else 1
        failures = self._failures[provider] = _Failures(count, now + app_pause(count))
        async with self._unit_of_work() as tx:
            is_new = await tx.housekeeping.record_fault(
                self._fault_name(provider), at=now, forgotten_before=now - _FAULT_MEMORY
            )
            await tx.commit()
        if is_new:
            self._alerts.alert(
                "app_refused",
                f"{refusal.message} Check the app's {self._credential} and the clock of this machine.",
                provider=provider,
                reason=self._credential,
            )
        return self._create_error(failures)

    async def record_success(self, provider: str) -> None:
        """Record that the provider accepted the app."""
        if self._failures.pop(provider, None) is not None:
            async with self._unit_of_work() as tx:
                await tx.housekeeping.end_fault(self._fault_name(provider))
                await tx.commit()

    def _fault_name(self, provider: str) -> str:
        return f"app_refused:{provider}:{self._credential}"

    def _create_error(self, failures: _Failures) -> AppRefused:
        wait = max((failures.until - self._clock.now()).total_seconds(), 1.0)
        return AppRefused("The provider rejects this service's app at the moment. Try again later.", retry_after=wait)
