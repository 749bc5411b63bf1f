from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.errors import DomainError
from core.domain.provider_errors import AppRefused
from core.domain.tokens.lease import app_pause
from ports.system import Alerts, Clock
from ports.unit_of_work import UnitOfWork

_FORGOTTEN = timedelta(hours=1)


@dataclass(slots=True)
class _Refusals:
    count: int
    until: datetime


class AppCircuitBreaker:
    """Remembers, for this process, which providers refuse our app: to ask them seldom, and to tell it once.

    A wrong key is one fault, however many customers and processes meet it; it is told again only after it was
    mended, or not met for an hour. The app has two credentials, its private key and its client secret, which
    fail apart: each has its breaker.
    """

    def __init__(self, unit_of_work: UnitOfWork, clock: Clock, alerts: Alerts, *, credential: str) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._alerts = alerts
        self._credential = credential
        self._refusals: dict[str, _Refusals] = {}

    def check(self, provider: str) -> None:
        """Raise `AppRefused` while it is too early to ask again."""
        known = self._refusals.get(provider)
        if known is not None and known.until > self._clock.now():
            raise self._refused(known)

    async def refused(self, provider: str, refusal: DomainError) -> AppRefused:
        """Note a refusal of our app, and return what callers are told."""
        known, now = self._refusals.get(provider), self._clock.now()
        count = known.count + 1 if known else 1
        noted = self._refusals[provider] = _Refusals(count, now + app_pause(count))
        async with self._unit_of_work() as tx:
            is_new = await tx.housekeeping.record_fault(
                self._fault(provider), at=now, forgotten_before=now - _FORGOTTEN
            )
            await tx.commit()
        if is_new:
            self._alerts.alert(
                "app_refused",
                f"{refusal.message} Check the app's {self._credential} and the clock of this machine.",
                provider=provider,
                reason=self._credential,
            )
        return self._refused(noted)

    async def accepted(self, provider: str) -> None:
        """Note that the provider knows our app."""
        if self._refusals.pop(provider, None) is not None:
            async with self._unit_of_work() as tx:
                await tx.housekeeping.end_fault(self._fault(provider))
                await tx.commit()

    def _fault(self, provider: str) -> str:
        return f"app_refused:{provider}:{self._credential}"

    def _refused(self, known: _Refusals) -> AppRefused:
        wait = max((known.until - self._clock.now()).total_seconds(), 1.0)
        return AppRefused("The provider rejects this service's app at the moment. Try again later.", retry_after=wait)
