"""What a process says when it starts, or cannot. Seen on real processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping

import httpx
import pytest

from tests.support.conditions import wait_until
from tests.support.servers import temporary_home
from tests.support.service import Service, running_service

PASSWORD = "hunter2"
NO_DATABASE = f"postgresql://me:{PASSWORD}@127.0.0.1:9/crewkit"
NO_REDIS = f"redis://:{PASSWORD}@127.0.0.1:9/0"


def ended(command: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a process that ends by itself."""
    with temporary_home() as home:
        environment = Service(home, NO_DATABASE, NO_REDIS, settings=settings).environment
        words = [sys.executable, "-m", "entrypoints.cli.main", command]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("process", "setting"),
    [
        ("api", "HTTP_ADDR"),
        ("grpc", "GRPC_ADDR"),
        ("grpc", "METRICS_ADDR"),
        ("worker", "METRICS_ADDR"),
        ("scheduler", "METRICS_ADDR"),
        ("sandbox", "SANDBOX_ADDR"),
    ],
)
def test_an_address_that_is_taken(process: str, setting: str) -> None:
    """Is named in one line with the setting and with who has it, and the process ends."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        mode = {"ENVIRONMENT": "development"} if process == "sandbox" else {}
        done = ended(process, {setting: address, **mode})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: {address} is in use by process {os.getpid()} (")
    assert line.endswith(f"): stop that, or set CREWKIT_GIT_{setting} to another address")
    assert done.stdout == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_api_says_where_it_listens(database_url: str, redis_url: str, host: str) -> None:
    """Once it does: a port that was left open is told as the one it became."""
    with running_service(database_url, redis_url, settings={"HTTP_ADDR": f"{host}:0"}) as service:
        service.begin("api")
        wait_until(lambda: service.has_started("api"), seconds=30)
        [line] = service.logged("api", "api_started")
        for address in line["address"].split(", "):
            assert httpx.get(f"http://{address}/healthz").json() == {"status": "alive"}


@pytest.mark.parametrize("process", ["grpc", "worker", "scheduler"])
def test_a_watched_process_says_where(database_url: str, redis_url: str, process: str) -> None:
    """As the API does."""
    settings = {"METRICS_ADDR": "127.0.0.1:0"}
    with running_service(database_url, redis_url, process, settings=settings) as service:
        [line] = service.logged(process, "metrics_started")
        assert httpx.get(f"http://{line['address']}/healthz").json() == {"status": "alive"}
