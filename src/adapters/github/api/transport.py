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

from adapters.github.api.calls import Call, Response
from adapters.github.api.circuit_breaker import CircuitBreaker
from adapters.github.api.credentials import Rejection
from adapters.github.api.failures import (
    BreakerOpen,
    Failure,
    Unavailable,
    Undecodable,
    classify_failure,
    read_message,
    to_error,
)
from adapters.github.api.http_client import Connect, HttpClient
from adapters.github.api.limits import Backoff, ConcurrencyLimit, Limits
from adapters.github.api.rate_limits import Pauses, read_remaining_fraction, read_requested_wait
from adapters.github.protocol.webhooks import PROVIDER
from adapters.github.skipped_fields import SkippedFieldReporter
from adapters.github.tolerant_decoder import Unreadable
from core.domain.errors import DomainError
from ports.system import Clock
from ports.telemetry import Metrics, SpanRole, Traces

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Rejected:
    """An error response."""

    failure: Failure
    response: Response
    authorization: str | None = field(repr=False)


@dataclass(slots=True)
class _Outcome:
    """The result of a request, for metrics."""

    outcome: str = "answered"


class Transport:
    """Sends calls within limits, retries them, and returns the decoded response or raises a domain error.

    After a failure, only GET is retried. After a rejected credential, every method can be retried, because
    GitHub did not process the request. Raises `ProviderUnavailable`,
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
        self._slots = ConcurrencyLimit(self._limits.max_concurrent)
        self._pauses = Pauses(clock, monotonic=monotonic)
        self._breakers: dict[str, CircuitBreaker] = {}

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def execute(self, call: Call[T]) -> T:
        """Return what `call.read` returns."""
        if self._traces is None:
            return await self._execute(call)
        # Paths contain names of repositories and people, so the span has only the host.
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
            except (Unavailable, Undecodable) as failure_error:
                event = (
                    "provider_unavailable" if isinstance(failure_error, Unavailable) else "provider_answer_unreadable"
                )
                _log.warning(event, method=call.method, url=call.place, error=failure_error.reason)
                wait = backoff.next_delay(failure_error.requested_wait) if call.is_safe else None
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
        self, call: Call[object], rejected: _Rejected, refusals: int, backoff: Backoff
    ) -> tuple[DomainError, float | None]:
        """Return the error of a rejection, and the seconds until a retry, or None."""
        match rejected.failure:
            case Failure.CREDENTIAL:
                wait = call.credential.compute_retry_delay(
                    Rejection(rejected.authorization, refusals, rejected.response.date)
                )
                return call.credential.refusal("GitHub rejected the credential of this request. Try again later."), wait
            case Failure.RATE_LIMITED:
                limited = self._pauses.start(call.credential.key, self._read_wait(rejected.response))
                return limited, backoff.next_delay(limited.retry_after) if call.is_safe else None
            case failure:
                return to_error(failure, rejected.response.headers), None

    async def _attempt(self, call: Call[T]) -> T | _Rejected:
        async with self._slots.hold(call.credential.key):
            # Not earlier: another call may have reached a limit while this call waited.
            self._pauses.check(call.credential.key)
            authorization = call.credential.header()
            breaker = self._get_breaker(call.url)
            with self._measure(breaker) as result, breaker.guard():
                response = await self._http.send(call, authorization)
                self._record_budget(call, response)
                if response.is_success or response.status in call.accept:
                    content = _decode(call, response)
                    if response.skipped.counts:
                        self._skipped_fields.report(call.source, response.skipped)
                    self._pauses.reset(call.credential.key)
                    return content
                message = read_message(response.body)
                failure = classify_failure(response.status, response.headers, message)
                result.outcome = failure.value
                if failure is Failure.UNAVAILABLE:
                    raise Unavailable(
                        f"status {response.status}, {response.request}", requested_wait=self._read_wait(response)
                    )
        # An invalid request is a bug here or a change of GitHub: a developer must look at it.
        _log.log(
            logging.ERROR if failure is Failure.MISUNDERSTOOD else logging.INFO,
            "provider_refused",
            method=call.method,
            url=call.place,
            status=response.status,
            reason=f"{failure.value}: {message}, {response.request}",
        )
        return _Rejected(failure, response, authorization)

    @contextmanager
    def _measure(self, breaker: CircuitBreaker) -> Iterator["_Outcome"]:
        """Record the result of a request and the state of the breaker as metrics."""
        result, started_at = _Outcome(), self._monotonic()
        try:
            yield result
        except BreakerOpen:
            result.outcome = "breaker_open"
            raise
        except Unavailable:
            result.outcome = Failure.UNAVAILABLE.value
            raise
        except Undecodable:
            result.outcome = "unreadable"
            raise
        except BaseException:
            result.outcome = "left"
            raise
        finally:
            if self._metrics is not None:
                self._metrics.observe_provider_request(PROVIDER, result.outcome, self._monotonic() - started_at)
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
