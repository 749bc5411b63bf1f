import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from adapters.github.api.failures import BreakerOpen, Unavailable, Undecodable

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """The number of failures that opens the breaker, and how long it stays open, in seconds."""

    failures: int = 8
    first_open_seconds: float = 5.0
    max_open_seconds: float = 60.0


class CircuitBreaker:
    """Stops requests to a host that does not respond.

    Consecutive failures open it: calls then fail immediately instead of waiting for timeouts. After a pause, one
    call is sent, and its result closes the breaker or starts a longer pause. Only `Unavailable` counts as a
    failure: any response, readable or not, shows that the host works.
    """

    def __init__(
        self, host: str, policy: BreakerPolicy | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._host = host
        self._policy = policy or BreakerPolicy()
        self._monotonic = monotonic
        self._failures = 0
        self._openings = 0
        self._retry_at: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls fail immediately, except the probing call."""
        return self._retry_at is not None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Count the result of the block, which sends a request. Raises `BreakerOpen` if it must not."""
        probe = self._enter()
        try:
            yield
        except Unavailable:
            self._record_failure(probe)
            raise
        except Undecodable:
            self._record_success()
            raise
        except BaseException:
            # Neither a response nor a failure, such as a cancellation. The next call probes the host.
            self._is_probing = self._is_probing and not probe
            raise
        self._record_success()

    def _enter(self) -> bool:
        if self._retry_at is None:
            return False
        rest = self._retry_at - self._monotonic()
        if rest > 0 or self._is_probing:
            raise BreakerOpen(f"circuit breaker open for {self._host}", requested_wait=max(rest, 1.0))
        self._is_probing = True
        return True

    def _record_success(self) -> None:
        if self.is_open:
            _log.info("provider_breaker_closed", url=self._host)
        self._failures = self._openings = 0
        self._retry_at = None
        self._is_probing = False

    def _record_failure(self, probe: bool) -> None:
        self._failures += 1
        if probe:
            self._is_probing = False
        elif self.is_open or self._failures < self._policy.failures:
            # The call started before the breaker opened.
            return
        else:
            _log.warning("provider_breaker_opened", url=self._host)
        rest = min(self._policy.first_open_seconds * 2**self._openings, self._policy.max_open_seconds)
        self._openings = min(self._openings + 1, 16)
        self._retry_at = self._monotonic() + rest
