import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog

from adapters.github.api.calls import Call, Limits, Response
from adapters.github.api.circuit_breaker import CircuitBreaker
from adapters.github.api.credentials import Rejection
from adapters.github.api.failures import Failure, classify_failure, read_message, to_error
from adapters.github.api.http_client import Connect, HttpClient
from adapters.github.api.limits import ConcurrencyLimit, Pauses
from adapters.github.api.rate_limits import read_remaining_fraction, read_requested_wait
from adapters.github.api.retries import Backoff
from adapters.github.api.unavailable import BreakerOpen, Unavailable, Undecodable
from adapters.github.decoding.odd_parts import SkippedFieldReporter
from adapters.github.decoding.tolerant import Unreadable
from adapters.github.protocol.webhooks import PROVIDER
from core.domain.errors import DomainError
from ports.system import Clock
from ports.telemetry import Metrics, SpanRole, Traces

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Rejected:
    """An answer that is a no."""

    failure: Failure
    response: Response
    shown: str | None = field(repr=False)
    """What was shown of the credential."""


@dataclass(slots=True)
class _Outcome:
    """How an exchange ended."""

    outcome: str = "answered"


class Transport:
    """Asks GitHub within limits, and makes of what comes back an answer or one of the domain's refusals.

    Only GET is tried again after a failure, since it alone changes nothing. A call refused for its credential
    was not carried out, so any may be tried again where the credential says so. Raises `ProviderUnavailable`,
    `AnswerUnreadable`, `RateLimited`, `CredentialRefused`, `InstallationSuspended`, `PermissionMissing`,
    `AccessBlocked` and `NotVisible`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        limits: Limits | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
        metrics: Metrics | None = None,
        traces: Traces | None = None,
        connect: Connect | None = None,
    ) -> None:
        self._metrics = metrics
        self._traces = traces
        self._skipped_fields = SkippedFieldReporter(PROVIDER, metrics)
        self._clock = clock
        self._limits = limits or Limits()
        self._monotonic = monotonic
        self._sleep = sleep
        self._draw = draw
        self._http = HttpClient(self._limits, connect)
        self._slots = ConcurrencyLimit(self._limits.at_once)
        self._pauses = Pauses(clock, monotonic=monotonic)
        self._breakers: dict[str, CircuitBreaker] = {}

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def ask(self, call: Call[T]) -> T:
        """Return what the call reads from GitHub's answer."""
        if self._traces is None:
            return await self._execute(call)
        # Paths name repositories and people: a span has the host alone.
        with self._traces.start_span(f"github {call.method}", SpanRole.CLIENT, host=urlsplit(call.url).netloc):
            return await self._execute(call)

    async def _execute(self, call: Call[T]) -> T:
        backoff = Backoff(self._limits.retries, monotonic=self._monotonic, draw=self._draw)
        refusals = 0
        while True:
            try:
                outcome = await self._attempt(call)
            except BreakerOpen:
                raise
            except (Unavailable, Undecodable) as failed:
                event = "provider_unavailable" if isinstance(failed, Unavailable) else "provider_answer_unreadable"
                _log.warning(event, method=call.method, url=call.place, error=failed.why)
                wait = backoff.next_delay(failed.asked) if call.is_safe else None
                if wait is None:
                    raise
            else:
                if not isinstance(outcome, _Rejected):
                    return outcome
                error, wait = self._decide_retry(call, outcome, refusals, backoff)
                if wait is None:
                    raise error
                refusals += outcome.failure is Failure.CREDENTIAL
            await self._sleep(wait)

    def _decide_retry(
        self, call: Call[object], refused: _Rejected, refusals: int, backoff: Backoff
    ) -> tuple[DomainError, float | None]:
        """Return the error of a refusal, and after how long another try may succeed, if ever."""
        match refused.failure:
            case Failure.CREDENTIAL:
                wait = call.credential.compute_retry_delay(Rejection(refused.shown, refusals, refused.response.date))
                return call.credential.refusal("GitHub rejected the credential of this request. Try again later."), wait
            case Failure.RATE_LIMITED:
                limited = self._pauses.begin(call.credential.key, self._read_wait(refused.response))
                return limited, backoff.next_delay(limited.retry_after) if call.is_safe else None
            case failure:
                return to_error(failure, refused.response.headers), None

    async def _attempt(self, call: Call[T]) -> T | _Rejected:
        async with self._slots.hold(call.credential.key):
            # Here rather than before: a limit may have been met while this call waited for its turn.
            self._pauses.check(call.credential.key)
            shown = call.credential.header()
            breaker = self._get_breaker(call.url)
            with self._measure(breaker) as watched, breaker.guard():
                response = await self._http.send(call, shown)
                self._record_budget(call, response)
                if response.succeeded or response.status in call.accept:
                    answer = _decode(call, response)
                    if response.skipped.counts:
                        self._skipped_fields.report(call.source, response.skipped)
                    self._pauses.answered(call.credential.key)
                    return answer
                said = read_message(response.body)
                failure = classify_failure(response.status, response.headers, said)
                watched.outcome = failure.value
                if failure is Failure.UNAVAILABLE:
                    raise Unavailable(f"status {response.status}, {response.request}", asked=self._read_wait(response))
        # A call misunderstood is our mistake or a change of GitHub's: somebody has to look at it.
        _log.log(
            logging.ERROR if failure is Failure.MISUNDERSTOOD else logging.INFO,
            "provider_refused",
            method=call.method,
            url=call.place,
            status=response.status,
            reason=f"{failure.value}: {said}, {response.request}",
        )
        return _Rejected(failure, response, shown)

    @contextmanager
    def _measure(self, breaker: CircuitBreaker) -> Iterator["_Outcome"]:
        """Tell how one exchange ended, and what it taught the breaker."""
        watched, began = _Outcome(), self._monotonic()
        try:
            yield watched
        except BreakerOpen:
            watched.outcome = "breaker_open"
            raise
        except Unavailable:
            watched.outcome = Failure.UNAVAILABLE.value
            raise
        except Undecodable:
            watched.outcome = "unreadable"
            raise
        except BaseException:
            watched.outcome = "left"
            raise
        finally:
            if self._metrics is not None:
                self._metrics.observe_provider_request(PROVIDER, watched.outcome, self._monotonic() - began)
                self._metrics.set_circuit_breaker(PROVIDER, is_open=breaker.is_open)

    def _record_budget(self, call: Call[T], response: Response) -> None:
        left = read_remaining_fraction(response.headers)
        if left is not None and self._metrics is not None:
            credential = call.credential
            self._metrics.set_rate_limit_remaining(PROVIDER, credential.kind, credential.installation or "", left)

    def _get_breaker(self, url: str) -> CircuitBreaker:
        host = urlsplit(url).netloc
        breaker = self._breakers.get(host)
        if breaker is None:
            policy = self._limits.breaker
            breaker = self._breakers[host] = CircuitBreaker(host, policy, monotonic=self._monotonic)
        return breaker

    def _read_wait(self, response: Response) -> float | None:
        return read_requested_wait(response.headers, self._clock.now())


def _decode(call: Call[T], response: Response) -> T:
    try:
        return call.read(response)
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"status {response.status}, {response.request}: {error}") from error
