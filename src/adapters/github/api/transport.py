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

from adapters.github.api.calls import Call, Limits, Reply
from adapters.github.api.circuit_breaker import CircuitBreaker
from adapters.github.api.credentials import Refused
from adapters.github.api.failures import Failure, error_of, failure_of, message_of
from adapters.github.api.http_client import Connect, Wire
from adapters.github.api.limits import Pauses, Slots
from adapters.github.api.rate_limits import part_left, wait_asked
from adapters.github.api.retries import Backoff
from adapters.github.api.unavailable import BreakerOpen, Unavailable, Undecodable
from adapters.github.decoding.odd_parts import OddPartReporter
from adapters.github.decoding.tolerant import Unreadable
from adapters.github.protocol.webhooks import PROVIDER
from core.domain.errors import DomainError
from ports.clock import Clock
from ports.metrics import Metrics
from ports.traces import SpanRole, Traces

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An answer that is a no."""

    failure: Failure
    reply: Reply
    shown: str | None = field(repr=False)
    """What was shown of the credential."""


@dataclass(slots=True)
class _Watched:
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
        self._odd_parts = OddPartReporter(PROVIDER, metrics)
        self._clock = clock
        self._limits = limits or Limits()
        self._monotonic = monotonic
        self._sleep = sleep
        self._draw = draw
        self._wire = Wire(self._limits, connect)
        self._slots = Slots(self._limits.at_once)
        self._pauses = Pauses(clock, monotonic=monotonic)
        self._breakers: dict[str, CircuitBreaker] = {}

    async def close(self) -> None:
        """Close all connections."""
        await self._wire.close()

    async def ask(self, call: Call[T]) -> T:
        """Return what the call reads from GitHub's answer."""
        if self._traces is None:
            return await self._ask(call)
        # Paths name repositories and people: a span has the host alone.
        with self._traces.span(f"github {call.method}", SpanRole.ASKS, host=urlsplit(call.url).netloc):
            return await self._ask(call)

    async def _ask(self, call: Call[T]) -> T:
        backoff = Backoff(self._limits.retries, monotonic=self._monotonic, draw=self._draw)
        refusals = 0
        while True:
            try:
                outcome = await self._try(call)
            except BreakerOpen:
                raise
            except (Unavailable, Undecodable) as failed:
                event = "provider_unavailable" if isinstance(failed, Unavailable) else "provider_answer_unreadable"
                _log.warning(event, method=call.method, url=call.place, error=failed.why)
                wait = backoff.next_wait(failed.asked) if call.changes_nothing else None
                if wait is None:
                    raise
            else:
                if not isinstance(outcome, _Refusal):
                    return outcome
                error, wait = self._judge(call, outcome, refusals, backoff)
                if wait is None:
                    raise error
                refusals += outcome.failure is Failure.CREDENTIAL
            await self._sleep(wait)

    def _judge(
        self, call: Call[object], refused: _Refusal, refusals: int, backoff: Backoff
    ) -> tuple[DomainError, float | None]:
        """Return the error of a refusal, and after how long another try may succeed, if ever."""
        match refused.failure:
            case Failure.CREDENTIAL:
                wait = call.credential.again_after(Refused(refused.shown, refusals, refused.reply.date))
                return call.credential.refusal("GitHub rejected the credential of this request. Try again later."), wait
            case Failure.RATE_LIMITED:
                limited = self._pauses.begin(call.credential.key, self._asked(refused.reply))
                return limited, backoff.next_wait(limited.retry_after) if call.changes_nothing else None
            case failure:
                return error_of(failure, refused.reply.headers), None

    async def _try(self, call: Call[T]) -> T | _Refusal:
        async with self._slots.hold(call.credential.key):
            # Here rather than before: a limit may have been met while this call waited for its turn.
            self._pauses.check(call.credential.key)
            shown = call.credential.header()
            breaker = self._breaker(call.url)
            with self._watched(breaker) as watched, breaker.guard():
                reply = await self._wire.exchange(call, shown)
                self._note_budget(call, reply)
                if reply.succeeded or reply.status in call.accept:
                    answer = _read(call, reply)
                    if reply.odd.counts:
                        self._odd_parts.report(call.source, reply.odd)
                    self._pauses.answered(call.credential.key)
                    return answer
                said = message_of(reply.body)
                failure = failure_of(reply.status, reply.headers, said)
                watched.outcome = failure.value
                if failure is Failure.UNAVAILABLE:
                    raise Unavailable(f"status {reply.status}, {reply.request}", asked=self._asked(reply))
        # A call misunderstood is our mistake or a change of GitHub's: somebody has to look at it.
        _log.log(
            logging.ERROR if failure is Failure.MISUNDERSTOOD else logging.INFO,
            "provider_refused",
            method=call.method,
            url=call.place,
            status=reply.status,
            reason=f"{failure.value}: {said}, {reply.request}",
        )
        return _Refusal(failure, reply, shown)

    @contextmanager
    def _watched(self, breaker: CircuitBreaker) -> Iterator["_Watched"]:
        """Tell how one exchange ended, and what it taught the breaker."""
        watched, began = _Watched(), self._monotonic()
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
                self._metrics.asked(PROVIDER, watched.outcome, self._monotonic() - began)
                self._metrics.breaker(PROVIDER, is_open=breaker.is_open)

    def _note_budget(self, call: Call[T], reply: Reply) -> None:
        left = part_left(reply.headers)
        if left is not None and self._metrics is not None:
            credential = call.credential
            self._metrics.budget(PROVIDER, credential.kind, credential.installation or "", left)

    def _breaker(self, url: str) -> CircuitBreaker:
        host = urlsplit(url).netloc
        breaker = self._breakers.get(host)
        if breaker is None:
            policy = self._limits.breaker
            breaker = self._breakers[host] = CircuitBreaker(host, policy, monotonic=self._monotonic)
        return breaker

    def _asked(self, reply: Reply) -> float | None:
        return wait_asked(reply.headers, self._clock.now())


def _read(call: Call[T], reply: Reply) -> T:
    try:
        return call.read(reply)
    except (Unreadable, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable(f"status {reply.status}, {reply.request}: {error}") from error
