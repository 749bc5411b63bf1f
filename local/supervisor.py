"""Keep programs running until a stop is requested."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Self

from entrypoints.process.listeners import CannotStart
from local.embedded.process import Process, Program
from local.terminal import Terminal

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SECONDS_BETWEEN_CHECKS = 0.1
QUICK_DEATH_SECONDS = 3.0
FAILED_STARTS_IN_A_ROW = 3
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0


class StopRequested(Exception):
    """A stop was requested while programs were still starting."""


@dataclass(slots=True)
class _Child:
    program: Program
    echo: Callable[[str], None] | None
    process: Process
    deaths_in_a_row: int = 0
    restart_at: float | None = None
    has_started: bool = False
    """Whether this program has ever started. If it has, it is restarted however often it ends."""


class Supervisor:
    """Starts programs in batches, restarts those that end, and stops the batches in reverse order.

    Call `supervise` in the main thread, where signals arrive. The first SIGINT, SIGTERM or SIGHUP requests an
    orderly stop.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._batches: list[list[_Child]] = []
        self._stop_requested = False
        self._stopping = False

    @contextmanager
    def supervise(self) -> Iterator[Self]:
        """Handle signals, and stop everything in bounded time when the block ends. A requested stop is not an error."""
        former = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            with suppress(StopRequested, KeyboardInterrupt):
                yield self
        finally:
            self._stopping = True
            self._stop()
            for number, handler in former.items():
                signal.signal(number, handler)

    def start(self, *programs: Program, echoed: bool = False, seconds: float = 60.0) -> None:
        """Start these programs together, and return when all are ready; raises `CannotStart` if a program is not."""
        batch: list[_Child] = []
        self._batches.append(batch)
        for program in programs:
            echo = partial(self._terminal.echo, program.name) if echoed else None
            batch.append(_Child(program, echo, Process(program, echo)))
        for child in batch:
            child.process.wait_until_ready(seconds, meanwhile=self.raise_if_stopping)
            child.has_started = child.program.started_line is None

    def raise_if_stopping(self) -> None:
        """Raise `StopRequested` if a stop was requested. Long steps call this repeatedly."""
        if self._stop_requested:
            raise StopRequested

    def watch(self) -> None:
        """Restart programs that end, until a stop is requested; raises `CannotStart` if a program never started."""
        while not self._stop_requested:
            for batch in self._batches:
                for child in batch:
                    self._restart_if_ended(child)
            time.sleep(SECONDS_BETWEEN_CHECKS)

    def _restart_if_ended(self, child: _Child) -> None:
        now = time.monotonic()
        if child.restart_at is not None:
            if now >= child.restart_at:
                child.restart_at = None
                child.process = Process(child.program, child.echo)
        elif child.process.exit_code() is not None:
            obituary = child.process.obituary()
            lived = now - child.process.started_at
            child.has_started |= child.process.has_started or lived >= QUICK_DEATH_SECONDS
            child.deaths_in_a_row = child.deaths_in_a_row + 1 if lived < LONGEST_PAUSE_SECONDS else 1
            if not child.has_started and child.deaths_in_a_row == FAILED_STARTS_IN_A_ROW:
                raise CannotStart(f"Failed to start {child.deaths_in_a_row} times in a row: {obituary}")
            pause = min(FIRST_PAUSE_SECONDS * 2 ** min(child.deaths_in_a_row, 10), LONGEST_PAUSE_SECONDS)
            self._terminal.step(f"{obituary}\n    restarting in {pause:.1f} s")
            child.restart_at = now + pause

    def _stop(self) -> None:
        for batch in reversed(self._batches):
            for child in batch:
                child.process.begin_stop()
            for child in batch:
                child.process.end_stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self._stopping:
            return
        if self._stop_requested:  # the second request interrupts a step that does not check
            raise KeyboardInterrupt
        self._stop_requested = True
