import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from adapters.github.api.unavailable import BreakerOpen, Unavailable, Undecodable

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a host counts as down, and when it is asked again; times in seconds."""

    failures: int = 8
    first_rest: float = 5.0
    longest_rest: float = 60.0


class CircuitBreaker:
    """Stops asking a host that does not answer, and by itself finds out when it does again.

    So many failures in a row open it: calls fail at once instead of waiting for timeouts and adding to the
    host's load. After a rest one call goes through, and its outcome closes the breaker or begins a longer
    rest. Only `Unavailable` counts as failure; any other answer, readable or not, shows that the host works.
    """

    def __init__(
        self, host: str, policy: BreakerPolicy | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._host = host
        self._policy = policy or BreakerPolicy()
        self._monotonic = monotonic
        self._failures = 0
        self._rests = 0
        self._asked_again_at: float | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether calls fail at once, save the one that finds out."""
        return self._asked_again_at is not None

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Let the block ask the host, and learn from how it ends; raises `BreakerOpen` where none may."""
        probe = self._admit()
        try:
            yield
        except Unavailable:
            self._failed(probe)
            raise
        except Undecodable:
            self._answered()
            raise
        except BaseException:
            # Neither answered nor failed: cancelled, for one. The next call finds out instead.
            self._probing = self._probing and not probe
            raise
        self._answered()

    def _admit(self) -> bool:
        if self._asked_again_at is None:
            return False
        rest = self._asked_again_at - self._monotonic()
        if rest > 0 or self._probing:
            raise BreakerOpen(f"circuit breaker open for {self._host}", asked=max(rest, 1.0))
        self._probing = True
        return True

    def _answered(self) -> None:
        if self.is_open:
            _log.info("provider_breaker_closed", url=self._host)
        self._failures = self._rests = 0
        self._asked_again_at = None
        self._probing = False

    def _failed(self, probe: bool) -> None:
        self._failures += 1
        if probe:
            self._probing = False
        elif self.is_open or self._failures < self._policy.failures:
            # Calls that began before it opened say nothing new.
            return
        else:
            _log.warning("provider_breaker_opened", url=self._host)
        rest = min(self._policy.first_rest * 2**self._rests, self._policy.longest_rest)
        self._rests = min(self._rests + 1, 16)
        self._asked_again_at = self._monotonic() + rest
