"""Run the service's own processes as an operator would: configured by environment, stopped by signals."""

import base64
import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from entrypoints.process.listeners import require_free_address
from entrypoints.settings.values import Address
from local.embedded.home import Home
from local.embedded.process import Process, Program
from local.services import services
from tests.support.builders.deliveries import SECRET
from tests.support.builders.tokens import AUDIENCE, ISSUER, private_pem, public_pem, rsa_key
from tests.support.conditions import wait_until
from tests.support.servers.fork_server import ForkedProcess
from tests.support.servers.servers import temporary_home

_STARTED = {"api": "api_started", "grpc": "grpc_started", "scheduler": "scheduler_started"}
_A_WORKER_STARTED = "worker_started"


class Service:
    """An API, gRPC, workers and a scheduler, each a process that a test starts, kills and starts again.

    Processes are named `api`, `grpc`, `scheduler` and `worker`, or `worker-1`, `worker-2` … where there are
    several.
    """

    def __init__(
        self,
        home: Home,
        database_url: str,
        redis_url: str,
        *,
        workers: int = 1,
        settings: Mapping[str, str] = MappingProxyType({}),
        process_type: type[Process] = ForkedProcess,
    ) -> None:
        self.address = require_free_address(Address("127.0.0.1", 0), "the address")
        self.grpc_address = require_free_address(Address("127.0.0.1", 0), "the address of gRPC")
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
        chosen = {
            "HOME": str(home.path),
            "HTTP_ADDR": str(self.address),
            "GRPC_ADDR": str(self.grpc_address),
            "PUBLIC_URL": f"http://{self.address}",
            "DASHBOARD_URL": f"http://{self.address}",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "GITHUB_WEBHOOK_SECRETS": SECRET,
            # As in production, which these are: the keys that `up` makes are refused there.
            "ENCRYPTION_KEYS": f"test:{base64.b64encode(sha256(b'tests').digest()).decode()}",
            "AUTH_PUBLIC_KEY": public_pem(rsa_key()),
            "AUTH_ISSUER": ISSUER,
            "AUTH_AUDIENCE": AUDIENCE,
            **github_app(),
            **settings,
        }
        environment = inherited | {f"CREWKIT_GIT_{name}": text for name, text in chosen.items()}
        self.url = f"http://{self.address}"
        self.environment = environment
        self._programs: dict[str, Program] = {
            program.name: program for program in services(home, environment, self.address, self.grpc_address, workers)
        }
        self._processes: dict[str, Process] = {}
        self._process_type = process_type
        self._lines: dict[str, list[str]] = {name: [] for name in self._programs}

    def start(self, *names: str) -> None:
        """Start these together and return when all of them serve."""
        self.begin(*names)
        for name in names:
            self._processes[name].wait_until_ready()
        wait_until(lambda: all(map(self.has_started, names)), seconds=30)

    def begin(self, *names: str) -> None:
        """Start these and return at once."""
        for name in names:
            self._lines[name].clear()
            self._processes[name] = self._process_type(self._programs[name], self._lines[name].append)

    def has_started(self, name: str) -> bool:
        """Return whether a process has logged that it serves."""
        return bool(self.log_lines(name, _STARTED.get(name, _A_WORKER_STARTED)))

    def pid(self, name: str) -> int:
        """Return the id of a started process."""
        return self._processes[name].pid

    def pids(self) -> list[int]:
        """Return the ids of the running processes."""
        return [process.pid for process in self._processes.values() if process.exit_code() is None]

    def is_running(self, name: str) -> bool:
        """Return whether a started process is running."""
        return self._processes[name].exit_code() is None

    def kill(self, name: str) -> None:
        """End one as `kill -9` does, and return when it is gone."""
        os.kill(self.pid(name), signal.SIGKILL)
        self._processes.pop(name).stop()

    def ask_to_stop(self, *names: str) -> None:
        """Send these what an operator sends, and return at once."""
        for name in names:
            self._processes[name].begin_stop()

    def stop(self) -> None:
        """Stop what was started and return when it is gone."""
        self.ask_to_stop(*self._processes)
        for process in self._processes.values():
            process.end_stop()

    def log(self, name: str) -> list[dict[str, Any]]:
        """Give what one has logged since it was started; what is not JSON is under `text`."""
        return [_entry(line) for line in tuple(self._lines[name])]

    def log_lines(self, name: str, event: str) -> list[dict[str, Any]]:
        """Give the log lines of this event."""
        return [entry for entry in self.log(name) if entry.get("event") == event]


@contextmanager
def run_service(
    database_url: str,
    redis_url: str,
    *names: str,
    workers: int = 1,
    settings: Mapping[str, str] = MappingProxyType({}),
    process_type: type[Process] = ForkedProcess,
) -> Iterator[Service]:
    """Run these processes against the servers until the block ends, whichever of them run by then.

    Pass `Process` to execute them: a fork also has the memory of the modules that it does not use.
    """
    with ExitStack() as stack:
        home = stack.enter_context(temporary_home())
        service = Service(home, database_url, redis_url, workers=workers, settings=settings, process_type=process_type)
        stack.callback(service.stop)
        service.start(*names)
        yield service


def github_app(url: str = "http://127.0.0.1:9") -> dict[str, str]:
    """Give the settings of a GitHub App at a GitHub where nobody answers, or at the one of this address."""
    return {
        "GITHUB_CLIENT_ID": "Iv23litest",
        "GITHUB_CLIENT_SECRET": "not-a-secret",
        "GITHUB_PRIVATE_KEY": private_pem(rsa_key()).decode(),
        "GITHUB_APP_SLUG": "crewkit",
        "GITHUB_URL": url,
        "GITHUB_API_URL": f"{url}/api/v3",
    }


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return entry if isinstance(entry, dict) else {"text": line}
