"""The processes of this service and of the sandbox, as programs to supervise."""

import http.client
import socket
import sys
from collections.abc import Callable, Mapping

from entrypoints.settings.values import Address
from local.embedded.home import Home
from local.embedded.process import Program

RESPONSE_TIMEOUT_SECONDS = 2.0


def services(
    home: Home, environment: Mapping[str, str], address: Address, grpc_address: Address, workers: int
) -> list[Program]:
    """Return the programs of the API, gRPC, the workers and the scheduler."""
    numbers = [f"-{number}" for number in range(1, workers + 1)] if workers > 1 else [""]
    return [
        _service(home, environment, "api", "api", lambda _: is_ready(address)),
        _service(home, environment, "grpc", "grpc", lambda _: listens(grpc_address)),
        *(
            _service(home, environment, f"worker{number}", "worker", started_line=b"worker_started")
            for number in numbers
        ),
        _service(home, environment, "scheduler", "scheduler", started_line=b"scheduler_started"),
    ]


def sandbox(home: Home, environment: Mapping[str, str], address: Address) -> Program:
    """Return the program of the sandbox GitHub, which runs if no GitHub App is configured."""
    return _program(home, environment, "sandbox", ("sandbox",), lambda _: is_ready(address, "/_sandbox"))


def is_ready(address: Address, path: str = "/readyz") -> bool:
    """Return whether the server responds with 200 at this path."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=RESPONSE_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def listens(address: Address) -> bool:
    """Return whether a process listens on this address; gRPC starts to listen when it is ready."""
    try:
        with socket.create_connection((address.host, address.port), timeout=RESPONSE_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def _service(
    home: Home,
    environment: Mapping[str, str],
    name: str,
    command: str,
    ready: Callable[[int], bool] = lambda _: True,
    *,
    started_line: bytes | None = None,
) -> Program:
    module = ("entrypoints.cli.main", command)
    return _program(home, environment, name, module, ready, started_line=started_line)


def _program(
    home: Home,
    environment: Mapping[str, str],
    name: str,
    module: tuple[str, ...],
    ready: Callable[[int], bool],
    *,
    started_line: bytes | None = None,
) -> Program:
    marker = home.marker(name)
    return Program(
        name=name,
        # Python ignores an unknown -X. The marker has to be in the command line.
        command=(sys.executable, "-X", marker, "-m", *module),
        marker=marker,
        log=home.logs / f"{name}.log",
        ready=ready,
        started_line=started_line,
        environment={**environment, "PYTHONUNBUFFERED": "1"},
    )
