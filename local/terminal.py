"""Write the progress to the terminal."""

import os
import sys
import threading
import time

WIDTH_OF_NAMES = 10


class Terminal:
    """Writes whole lines, even from several threads. A closed standard output is not an error."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._writing = threading.Lock()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def step(self, text: str) -> None:
        """Write the current step, with the time since the beginning."""
        self.say(f"[{self.elapsed:5.1f} s] {text}")

    def echo(self, name: str, line: str) -> None:
        """Write a line of a program, after its name."""
        self.say(f"{name:<{WIDTH_OF_NAMES}} | {line}")

    def say(self, text: str) -> None:
        """Write the text on a separate line."""
        with self._writing:
            try:
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()
            except OSError:  # the reader has ended, as with `| head`
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
