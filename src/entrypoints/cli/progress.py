import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_TERMINAL_INTERVAL_SECONDS = 0.2
_LOG_INTERVAL_SECONDS = 5.0


@contextmanager
def report_progress(count: Callable[[], int], total: int) -> Iterator[None]:
    """Show on standard error, while a block runs, how many items are sent and how many per second.

    At a terminal one line is rewritten. Elsewhere a line is added every five seconds. The last line has the
    totals.
    """
    is_terminal = sys.stderr.isatty()
    is_done = threading.Event()
    started = time.monotonic()

    def write(*, is_last: bool) -> None:
        seconds = max(time.monotonic() - started, 0.001)
        sent = count()
        text = f"{sent:,} of {total:,} sent in {seconds:,.1f} s, {sent / seconds:,.0f} per second"
        # Clears what is left of a longer line: https://en.wikipedia.org/wiki/ANSI_escape_code#CSI
        start, end = ("\r\x1b[K", is_last) if is_terminal else ("", True)
        click.echo(f"{start}{text}", nl=end, err=True)

    def run() -> None:
        while not is_done.wait(_TERMINAL_INTERVAL_SECONDS if is_terminal else _LOG_INTERVAL_SECONDS):
            write(is_last=False)

    # A thread, because a busy event loop would delay the report.
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
        write(is_last=True)
