"""Start, watch and stop one program, and find what an earlier start of it left running."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from entrypoints.local.embedded import launch
from entrypoints.local.embedded.errors import CannotStart
from entrypoints.local.embedded.log import BoundedLog

LONGEST_LINE = 64 * 1024
LINES_TO_SHOW = 15
SECONDS_FOR_LEFTOVERS = 5.0


@dataclass(frozen=True, slots=True)
class User:
    """Whom a program runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """What to run and how to treat it; nothing here knows which program it is."""

    name: str
    command: tuple[str, ...]
    """The first item is an absolute path."""
    marker: str
    """A text that stands in the command line of this program's processes and of no others."""
    log: Path
    ready: Callable[[int], bool]
    """Given the pid, tell whether it serves; asked again and again, so it must be quick."""
    prepare: Callable[[], None] = lambda: None
    """Put right what an earlier run left; called before each start, when no leftover runs."""
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: User | None = None
    """None for the user of this process."""
    stop: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    """Signals to stop it, each with the seconds it is given before the next; SIGKILL is the last."""
    started_line: bytes | None = None
    """What its output contains once it has started; None if `ready` says so."""


def launcher(program_signal: signal.Signals, user: User | None) -> list[str]:
    """Give the start of a command line that ties a program to the life of the calling thread."""
    return [
        sys.executable,
        "-I",
        "-S",
        str(Path(launch.__file__)),
        str(os.getpid()),
        str(int(program_signal)),
        f"{user.uid}:{user.gid}" if user else "-",
    ]


class Process:
    """One running program. Start it from a thread that outlives it: on Linux it ends with that thread."""

    def __init__(self, program: Program, echo: Callable[[str], None] | None = None) -> None:
        """Start the program; its output goes to its log and, line by line, to `echo`."""
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=LINES_TO_SHOW)
        self._echo = echo
        self.has_started = False
        """Whether its output contained the line that says so."""
        end_leftovers(program)
        program.prepare()
        self.started_at = time.monotonic()
        self._child = subprocess.Popen(  # noqa: S603 - the command is ours
            launcher(program.stop[0][0], program.user) + list(program.command),
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches us alone, and we stop things in order.
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, name=f"{program.name} output", daemon=True)
        self._reader.start()
        self._stopping_since = 0.0

    @property
    def pid(self) -> int:
        """The process id, valid until `stop` returns."""
        return self._child.pid

    def exit_code(self) -> int | None:
        """Give the exit code, negative for a signal, or None while it runs."""
        return self._child.poll()

    def is_ready(self) -> bool:
        """Tell whether it serves; raises `CannotStart` with its last words if it ended."""
        if self.exit_code() is not None:
            raise CannotStart(self.obituary())
        return self.program.ready(self.pid)

    def wait_until_ready(self, seconds: float = 60.0, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Return once it serves; raises `CannotStart` if it ends or the time does.

        Between looks it calls `meanwhile`, which may raise to give up.
        """
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if time.monotonic() > deadline:
                name, log = self.program.name, self.program.log
                raise CannotStart(f"{name} is not ready after {seconds:.0f} seconds. Read its log: {log}")
            meanwhile()
            time.sleep(0.005)

    def obituary(self) -> str:
        """Say how it ended, with its last lines unless they were echoed."""
        self._reader.join(timeout=1)
        code = self.exit_code() or 0
        how = f"was stopped by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"
        lines = "" if self._echo else "".join(f"\n    {line}" for line in self.last_lines)
        return f"{self.program.name} {how}. Its log is {self.program.log}{lines}"

    def begin_stop(self) -> None:
        """Send the first signal, without waiting."""
        self._stopping_since = time.monotonic()
        self._signal(self.program.stop[0][0])

    def end_stop(self) -> None:
        """Wait until it has ended, with stronger signals as its time runs out."""
        deadline = self._stopping_since
        for step, (sent, seconds) in enumerate(self.program.stop):
            if step > 0:
                self._signal(sent)
            deadline += seconds
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(max(0.0, deadline - time.monotonic()))
                break
        else:
            with suppress(OSError):  # it ended just now
                os.killpg(self.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
            self._child.wait()
            end_leftovers(self.program)
        self._reader.join(timeout=1)

    def stop(self) -> None:
        """Stop it in bounded time."""
        self.begin_stop()
        self.end_stop()

    def _signal(self, sent: signal.Signals) -> None:
        if self._child.poll() is None:
            self._child.send_signal(sent)

    def _read(self) -> None:
        output: IO[bytes] | None = self._child.stdout
        assert output is not None  # asked for with PIPE
        program_line = self.program.started_line
        with output, closing(BoundedLog(self.program.log)) as log:
            while raw := output.readline(LONGEST_LINE):
                # A full disk costs log lines; a reader that stopped would stall the program.
                with suppress(OSError):
                    log.write(raw)
                if program_line is not None and program_line in raw:
                    self.has_started = True
                line = raw.decode(errors="replace").rstrip()
                self.last_lines.append(line)
                if self._echo is not None:
                    self._echo(line)


@contextmanager
def running(program: Program) -> Iterator[Process]:
    """Run the program for the length of the block, ready when it begins and gone when it ends."""
    process = Process(program)
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.stop()


def end_leftovers(program: Program) -> None:
    """Stop what a killed earlier start of this program left running.

    Found by the marker in the command line, never by a pid in a file, which may be another process's by now.
    """
    for sent in (program.stop[0][0], signal.SIGKILL):
        found = _running(program)
        for process in _first_of(found):
            with suppress(psutil.Error):
                process.send_signal(sent)
        deadline = time.monotonic() + SECONDS_FOR_LEFTOVERS
        while found and time.monotonic() < deadline:
            time.sleep(0.02)
            found = _running(program)


def _running(program: Program) -> list[psutil.Process]:
    """Find its processes by their command lines, which those that ended but were not reaped have lost."""
    processes = psutil.process_iter(["cmdline"])
    return [process for process in processes if program.marker in " ".join(process.info["cmdline"] or ())]


def _first_of(processes: list[psutil.Process]) -> Iterator[psutil.Process]:
    """Leave out those whose parent is among them: it stops them in its own order."""
    pids = {process.pid for process in processes}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                yield process
