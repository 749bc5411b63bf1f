import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import click

_TERMINAL_INTERVAL_SECONDS = 0.2
_LOG_INTERVAL_SECONDS = 5.0


class ProgressReport:
    """Show on standard error, while a block runs, how many items are sent and how many per second.

    At a terminal one line is rewritten. Elsewhere a line is added every five seconds. The last line has the
    totals.
    """

    def __init__(self, count: Callable[[], int], total: int) -> None:
        self._count = count
        self._total = total
        self._is_terminal = sys.stderr.isatty()
        self._interval = _TERMINAL_INTERVAL_SECONDS if self._is_terminal else _LOG_INTERVAL_SECONDS
        self._is_done = threading.Event()
        self._started = time.monotonic()
        # A thread, because a busy event loop would delay the report.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_done.set()
        self._thread.join()
        self._write(is_last=True)

    def _run(self) -> None:
        while not self._is_done.wait(self._interval):
            self._write(is_last=False)

    def _write(self, *, is_last: bool) -> None:
        seconds = max(time.monotonic() - self._started, 0.001)
        count = self._count()
        text = f"{count:,} of {self._total:,} sent in {seconds:,.1f} s, {count / seconds:,.0f} per second"
        # Clears what is left of a longer line: https://en.wikipedia.org/wiki/ANSI_escape_code#CSI
        start, end = ("\r\x1b[K", is_last) if self._is_terminal else ("", True)
        click.echo(f"{start}{text}", nl=end, err=True)
