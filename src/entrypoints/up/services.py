"""Describe this project's own processes as programs to supervise."""

import http.client
import sys
from collections.abc import Callable, Mapping

from entrypoints.embedded.home import Home
from entrypoints.embedded.process import Program
from entrypoints.setting_values import Address

SECONDS_FOR_AN_ANSWER = 2.0


def services(home: Home, environment: Mapping[str, str], address: Address, workers: int) -> list[Program]:
    """Describe the API, the workers and the scheduler; only the API tells when it serves."""
    numbers = [f"-{number}" for number in range(1, workers + 1)] if workers > 1 else [""]
    return [
        _service(home, environment, "api", "api", lambda _: is_ready(address)),
        *(_service(home, environment, f"worker{number}", "worker") for number in numbers),
        _service(home, environment, "scheduler", "scheduler"),
    ]


def sandbox(home: Home, environment: Mapping[str, str], address: Address) -> Program:
    """Describe the small GitHub that stands in while no GitHub App is configured."""
    return _service(home, environment, "sandbox", "sandbox", lambda _: is_ready(address, "/_sandbox"))


def is_ready(address: Address, path: str = "/readyz") -> bool:
    """Ask the API, or whoever answers this path, whether it and what it needs are there."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=SECONDS_FOR_AN_ANSWER)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _service(
    home: Home,
    environment: Mapping[str, str],
    name: str,
    command: str,
    ready: Callable[[int], bool] = lambda _: True,
) -> Program:
    marker = home.marker(name)
    return Program(
        name=name,
        # Python keeps an unknown -X to itself; it is there to be seen in the command line.
        command=(sys.executable, "-X", marker, "-m", "entrypoints.cli.main", command),
        marker=marker,
        log=home.logs / f"{name}.log",
        ready=ready,
        environment={**environment, "PYTHONUNBUFFERED": "1"},
    )
