"""Start the service's processes as forks of one process that has imported their code.

The imports of a service process take over a second of CPU, and the tests start hundreds of them. A fork has separate
memory, arguments, environment, output and process group, so it runs, fails and ends like a process that was executed.
`test_up.py` (except starts that fail), `test_adapter_guide.py` and the browser tests execute the processes instead.
"""

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from local.embedded.process import Process, Program

_MAX_REQUEST_BYTES = 1024 * 1024
_PR_SET_PDEATHSIG = 1
_MODULES = (
    "entrypoints.rest.server",
    "entrypoints.grpc_api.server",
    "entrypoints.worker.main",
    "entrypoints.worker.scheduler",
    "entrypoints.bootstrap.keys",
    "entrypoints.bootstrap.migrations",
    # These libraries import each other when the first client is created.
    "anyio._backends._asyncio",
    "httpcore",
)


class ForkedProcess(Process):
    """A process of the service, forked by the fork server of this test process."""

    def _start(self, program: Program) -> "subprocess.Popen[bytes]":
        # Only Linux has pidfd_open. A test may also have wrapped the command, in a shell for example.
        if not hasattr(os, "pidfd_open") or program.command[0] != sys.executable:
            return super()._start(program)
        module = program.command.index("-m") + 1
        output, written = os.pipe()
        try:
            child = _fork_server().start(
                program.command[module:], program.environment, program.directory or Path.cwd(), written, written
            )
        finally:
            os.close(written)
        child.stdout = os.fdopen(output, "rb")
        return child


def run_module(
    *command: str, environment: Mapping[str, str], directory: Path | None = None, timeout_seconds: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a module with arguments until it ends, as `python -m` does, and return its exit code and output."""
    if not hasattr(os, "pidfd_open"):
        return subprocess.run(
            [sys.executable, "-m", *command],
            env=dict(environment),
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    with TemporaryFile() as output, TemporaryFile() as errors:
        child = _fork_server().start(command, environment, directory or Path.cwd(), output.fileno(), errors.fileno())
        try:
            code = child.wait(timeout_seconds)
        finally:
            child.kill()
        return subprocess.CompletedProcess(command, code, _read_text(output), _read_text(errors))


def start_module(*command: str, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a module with arguments, as `python -m` does, with pipes for its output and its errors."""
    if not hasattr(os, "pidfd_open"):
        return subprocess.Popen(
            [sys.executable, "-m", *command], env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    output, written_output = os.pipe()
    errors, written_errors = os.pipe()
    try:
        child = _fork_server().start(command, environment, Path.cwd(), written_output, written_errors)
    finally:
        os.close(written_output)
        os.close(written_errors)
    child.stdout, child.stderr = os.fdopen(output, "rb"), os.fdopen(errors, "rb")
    return child


def _read_text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class _Child(subprocess.Popen[bytes]):
    """A process that the fork server waits for and reports on."""

    def __init__(self, status: socket.socket) -> None:
        self._status = status
        self._lock = threading.Lock()
        self.pid = int(self._read())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._exit_code(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._exit_code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def _exit_code(self, timeout: float | None) -> int | None:
        with self._lock:
            if self.returncode is None:
                self._status.settimeout(timeout)
                try:
                    self.returncode = int(self._read())
                except (BlockingIOError, TimeoutError):
                    return None
                self._status.close()
            return self.returncode

    def _read(self) -> bytes:
        text = self._status.recv(64)
        if not text:
            raise ChildProcessError("The fork server ended.")
        return text


class _ForkServer:
    """The process that forks, started when it is first needed."""

    def __init__(self) -> None:
        self._requests, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with server_end:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "tests.support.servers.fork_server", str(server_end.fileno())],
                pass_fds=[server_end.fileno()],
                stdin=subprocess.DEVNULL,
                # Ctrl-C must not end it before the tests have stopped their processes.
                process_group=0,
            )
        atexit.register(self._stop)

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], directory: Path, output: int, errors: int
    ) -> _Child:
        """Fork a process that runs a module with arguments, and return it."""
        status, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"command": list(command), "environment": dict(environment), "directory": str(directory)}
        with server_end:
            socket.send_fds(self._requests, [json.dumps(request).encode()], [output, errors, server_end.fileno()])
        return _Child(status)

    def _stop(self) -> None:
        self._requests.close()
        self._server.wait()


@cache
def _fork_server() -> _ForkServer:
    return _ForkServer()


class _Server:
    """What runs in the fork server itself. It has one thread, because a fork has only the thread that forked."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ)
        self._children: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> dict[str, Any] | None:
        """Fork for each request. Return the request in the forked process, and None in the server at its end."""
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._children:
                    self._report(key.fd)
                    continue
                text, descriptors, _, _ = socket.recv_fds(self._requests, _MAX_REQUEST_BYTES, 3)
                if not text:
                    return None
                *outputs, status = descriptors
                pid = os.fork()
                if pid == 0:
                    os.close(status)
                    self._leave(*outputs)
                    return dict(json.loads(text))
                for descriptor in outputs:
                    os.close(descriptor)
                self._watch(pid, socket.socket(fileno=status))

    def _watch(self, pid: int, status: socket.socket) -> None:
        with suppress(OSError):  # both processes try it, and one comes first
            os.setpgid(pid, pid)
        status.send(str(pid).encode())
        descriptor = os.pidfd_open(pid)
        self._children[descriptor] = (pid, status)
        self._selector.register(descriptor, selectors.EVENT_READ)

    def _report(self, descriptor: int) -> None:
        pid, status = self._children.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with status, suppress(OSError):  # the test process may have ended
            status.send(str(code).encode())

    def _leave(self, output: int, errors: int) -> None:
        """Close in the forked process what belongs to the server."""
        with suppress(OSError):
            os.setpgid(0, 0)
        self._selector.close()
        self._requests.close()
        for descriptor, (_, status) in self._children.items():
            os.close(descriptor)
            status.close()
        for source, target in ((output, 1), (errors, 2)):
            os.dup2(source, target)
            os.close(source)


def _import_processes() -> None:
    # The tests, which import this module too, must keep all optional packages.
    importlib.import_module("entrypoints.cli.libraries").import_libraries()
    for module in _MODULES:
        importlib.import_module(module)
    # Otherwise the collections of each fork would copy the memory of these modules.
    gc.freeze()


def main() -> None:
    """Serve, and run in each forked process the module that was requested."""
    _import_processes()
    request = _Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    if request is None:
        return
    # The process ends with its parent, like an executed process.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["directory"])
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    module, *sys.argv[1:] = request["command"]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
