"""Start, watch and stop one program, and stop the processes that an earlier, killed start of it left behind."""

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
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psutil

from entrypoints.process.listeners import CannotStart
from local.embedded import launch

LONGEST_LINE = 64 * 1024
LINES_TO_SHOW = 15
SECONDS_FOR_LEFTOVERS = 5.0
_MAX_LOG_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class User:
    """The user that a program runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program, how to know that it is ready, and how to stop it."""

    name: str
    command: tuple[str, ...]
    """The first item is an absolute path."""
    marker: str
    """A text in the command lines of this program's processes and of no others."""
    log: Path
    ready: Callable[[int], bool]
    """Returns whether the process with this pid is ready. It is called often, so it must be quick."""
    prepare: Callable[[], None] = lambda: None
    """Repairs what an earlier run left. Called before each start, after leftover processes were stopped."""
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    user: User | None = None
    """None for the user of this process."""
    stop: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    """Signals to stop it, each with the seconds until the next. SIGKILL is the last."""
    started_line: bytes | None = None
    """A text in its output when it has started; None if `ready` shows it."""


def find_bundled_program(package: str, *path: str) -> str:
    """Return the path of a program in an installed package; raises `CannotStart` without the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"The package {package}, which contains the embedded server, is not installed. Set "
            "CREWKIT_GIT_DATABASE_URL and CREWKIT_GIT_REDIS_URL to your own servers, or start with `make run`."
        )
    return str(Path(spec.origin).parent.joinpath(*path))


def launcher(program_signal: signal.Signals, user: User | None) -> list[str]:
    """Return the first words of a command line whose program ends with the calling thread."""
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
        """Start the program. Its output goes to its log and, line by line, to `echo`."""
        self.program = program
        self.last_lines: deque[str] = deque(maxlen=LINES_TO_SHOW)
        self._echo = echo
        self.has_started = False
        """Whether its output contained `started_line`."""
        end_leftovers(program)
        program.prepare()
        self.started_at = time.monotonic()
        self._child = self._start(program)
        self._reader = threading.Thread(target=self._read, name=f"{program.name} output", daemon=True)
        self._reader.start()
        self._stopping_since = 0.0

    @property
    def pid(self) -> int:
        """The process id. It is valid until `stop` returns."""
        return self._child.pid

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        return self._child.poll()

    def is_ready(self) -> bool:
        """Return whether it is ready; raises `CannotStart` with its last lines if it has ended."""
        if self.exit_code() is not None:
            raise CannotStart(self.obituary())
        return self.program.ready(self.pid)

    def wait_until_ready(self, seconds: float = 60.0, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Return when it is ready; raises `CannotStart` if it ends first or needs longer.

        Calls `meanwhile` between checks. It may raise to give up.
        """
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if time.monotonic() > deadline:
                name, log = self.program.name, self.program.log
                raise CannotStart(f"{name} is not ready after {seconds:.0f} seconds. Read its log: {log}")
            meanwhile()
            time.sleep(0.005)

    def obituary(self) -> str:
        """Return how it ended, with its last lines unless they were echoed."""
        self._reader.join(timeout=1)
        code = self.exit_code() or 0
        how = f"was stopped by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"
        lines = "" if self._echo else "".join(f"\n    {line}" for line in self.last_lines)
        return f"{self.program.name} {how}. Its log is {self.program.log}{lines}"

    def begin_stop(self) -> None:
        """Send the first signal. Do not wait."""
        self._stopping_since = time.monotonic()
        self._signal(self.program.stop[0][0])

    def end_stop(self) -> None:
        """Wait until it has ended. Send the next signal whenever the time of the previous one is over."""
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
                os.killpg(self.pid, signal.SIGKILL)  # not reaped yet, so no other process has this pid
            self._child.wait()
            end_leftovers(self.program)
        self._reader.join(timeout=1)

    def stop(self) -> None:
        """Stop it in bounded time."""
        self.begin_stop()
        self.end_stop()

    def _start(self, program: Program) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603 - this program builds the command
            launcher(program.stop[0][0], program.user) + list(program.command),
            cwd=program.directory,
            env=dict(program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A separate process group: Ctrl-C reaches only the supervisor, which stops programs in order.
            process_group=0,
        )

    def _signal(self, sent: signal.Signals) -> None:
        if self._child.poll() is None:
            self._child.send_signal(sent)

    def _read(self) -> None:
        output: IO[bytes] | None = self._child.stdout
        assert output is not None  # because of PIPE
        program_line = self.program.started_line
        with output, closing(BoundedLog(self.program.log)) as log:
            while raw := output.readline(LONGEST_LINE):
                # If the disk is full, only log lines are lost. The program would block if nothing read its output.
                with suppress(OSError):
                    log.write(raw)
                if program_line is not None and program_line in raw:
                    self.has_started = True
                line = raw.decode(errors="replace").rstrip()
                self.last_lines.append(line)
                if self._echo is not None:
                    self._echo(line)


class BoundedLog:
    """A log file of at most `limit` bytes, and the previous one as `NAME.1`."""

    def __init__(self, path: Path, limit: int = _MAX_LOG_BYTES) -> None:
        """Open the file for appending. Only its owner can read it."""
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path = path
        self._limit = limit
        self._open()

    def write(self, line: bytes) -> None:
        """Append one line."""
        if self._size + len(line) > self._limit:
            os.close(self._file)
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._open()
        self._size += os.write(self._file, line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size


@contextmanager
def run_program(program: Program) -> Iterator[Process]:
    """Run the program until the block ends. It is ready when the block begins."""
    process = Process(program)
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.stop()


def end_leftovers(program: Program) -> None:
    """Stop the processes that an earlier, killed start of this program left behind.

    The marker in the command line identifies them. The pid in a file may belong to another process by now.
    """
    for sent in (program.stop[0][0], signal.SIGKILL):
        leftovers = _find_processes(program)
        for process in _without_children(leftovers):
            with suppress(psutil.Error):
                process.send_signal(sent)
        deadline = time.monotonic() + SECONDS_FOR_LEFTOVERS
        while leftovers and time.monotonic() < deadline:
            time.sleep(0.02)
            leftovers = _find_processes(program)


def _find_processes(program: Program) -> list[psutil.Process]:
    """Return its processes. Zombies have no command line any more and are not among them."""
    processes = psutil.process_iter(["cmdline"])
    return [process for process in processes if program.marker in " ".join(process.info["cmdline"] or ())]


def _without_children(processes: list[psutil.Process]) -> Iterator[psutil.Process]:
    """Yield the processes whose parent is not among them. Each parent stops its children in its own order."""
    pids = {process.pid for process in processes}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.ppid() not in pids:
                yield process
