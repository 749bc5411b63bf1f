from dataclasses import dataclass
from datetime import datetime

from core.domain.provider import AppRefused
from core.domain.token_lease import app_pause
from ports.alerts import Alerts
from ports.clock import Clock


@dataclass(slots=True)
class _Refusals:
    count: int
    until: datetime


class AppBreaker:
    """Remembers, for this process, which providers refuse our app: to ask them seldom, and to tell it once.

    A wrong key is one fault, however many customers meet it; it is told again only after it was mended. The
    app has two credentials, its private key and its client secret, which fail apart: each has its breaker.
    """

    def __init__(self, clock: Clock, alerts: Alerts, *, credential: str) -> None:
        self._clock = clock
        self._alerts = alerts
        self._credential = credential
        self._refusals: dict[str, _Refusals] = {}

    def check(self, provider: str) -> None:
        """Raise `AppRefused` while it is too early to ask again."""
        known = self._refusals.get(provider)
        if known is not None and known.until > self._clock.now():
            raise self._refused(known)

    def refused(self, provider: str) -> AppRefused:
        """Note a refusal of our app, and return what callers are told."""
        known = self._refusals.get(provider)
        count = known.count + 1 if known else 1
        noted = self._refusals[provider] = _Refusals(count, self._clock.now() + app_pause(count))
        if known is None:
            self._alerts.alert(
                "app_refused",
                "The provider refuses our app: check this credential of it, and this machine's clock.",
                provider=provider,
                reason=self._credential,
            )
        return self._refused(noted)

    def accepted(self, provider: str) -> None:
        """Note that the provider knows our app."""
        self._refusals.pop(provider, None)

    def _refused(self, known: _Refusals) -> AppRefused:
        wait = max((known.until - self._clock.now()).total_seconds(), 1.0)
        return AppRefused(
            "The provider does not accept this service just now; try again later.", retry_after=wait
        )
