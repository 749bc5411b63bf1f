"""Write what happens for the person who started it."""

import os
import sys
import threading
import time

WIDTH_OF_NAMES = 10


class Terminal:
    """Lines of text, whole even when several threads write, and no obstacle when nobody reads them."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._writing = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def step(self, text: str) -> None:
        """Tell what is being done, with the time since the beginning."""
        self.say(f"[{self.elapsed:5.1f} s] {text}")

    def echo(self, name: str, line: str) -> None:
        """Repeat a line of a program under its name."""
        self.say(f"{name:<{WIDTH_OF_NAMES}} | {line}")

    def say(self, text: str) -> None:
        """Write the text on a line of its own."""
        with self._writing:
            try:
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()
            except OSError:  # the reader left, as with `| head`: go on without
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
