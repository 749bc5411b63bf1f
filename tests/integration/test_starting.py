"""What a process says when it starts, or cannot. Seen on real processes."""

import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from core.domain.secret import redact_url
from entrypoints.bootstrap.migrations import migrate
from tests.support.builders.deliveries import post_all, pushes
from tests.support.conditions import wait_until
from tests.support.servers.fork_server import run_module
from tests.support.servers.servers import Servers, new_database, temporary_home
from tests.support.servers.service import Service, run_service

PASSWORD = "hunter2"
NO_DATABASE = f"postgresql://me:{PASSWORD}@127.0.0.1:9/crewkit"
NO_REDIS = f"redis://:{PASSWORD}@127.0.0.1:9/0"


def run_until_exit(command: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a process that ends by itself."""
    with temporary_home() as home:
        environment = Service(home, NO_DATABASE, NO_REDIS, settings=settings).environment
        module = [command] if command in ("local", "sandbox") else ["entrypoints.cli.main", *command.split()]
        return run_module(*module, environment=environment, timeout_seconds=30)


def wait_until_serving(service: Service, process: str) -> None:
    """Start a process that will not become ready, and return when it serves."""
    service.begin(process)
    wait_until(lambda: service.has_started(process), seconds=30)


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
def test_reports_an_address_in_use(process: str, setting: str) -> None:
    """In one line with the setting and the process that has it."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        mode = {"ENVIRONMENT": "development"} if process == "sandbox" else {}
        done = run_until_exit(process, {setting: address, **mode})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: {address} is already in use by process {os.getpid()} (")
    assert line.endswith(f"). Stop that process, or set CREWKIT_GIT_{setting} to another address.")
    assert done.stdout == ""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_api_logs_its_address(database_url: str, redis_url: str, host: str) -> None:
    """With the actual port if the setting is 0."""
    with run_service(database_url, redis_url, settings={"HTTP_ADDR": f"{host}:0"}) as service:
        service.begin("api")
        wait_until(lambda: service.has_started("api"), seconds=30)
        [line] = service.log_lines("api", "api_started")
        for address in line["address"].split(", "):
            assert httpx.get(f"http://{address}/healthz").json() == {"status": "alive"}


def test_reports_a_variable_that_is_not_a_setting(database_url: str, redis_url: str) -> None:
    """Each process logs one line without the value; `doctor` reports it, too."""
    misspelt = {"LOG_LEVLE": PASSWORD, "TYPO": PASSWORD}
    with run_service(database_url, redis_url, "scheduler", settings=misspelt) as service:
        [line] = service.log_lines("scheduler", "unknown_settings")
    assert line["level"] == "warning"
    assert line["reason"] == (
        "CREWKIT_GIT_LOG_LEVLE: this setting does not exist. Rename it to CREWKIT_GIT_LOG_LEVEL, or remove "
        "it. CREWKIT_GIT_TYPO: this setting does not exist. Remove it. docs/reference/settings.md lists "
        "all settings."
    )
    said = run_until_exit("doctor", misspelt).stdout
    assert "warn  settings" in said
    assert "CREWKIT_GIT_LOG_LEVLE: this setting does not exist." in said
    assert PASSWORD not in said


@pytest.mark.parametrize("process", ["grpc", "worker", "scheduler"])
def test_process_logs_its_metrics_address(database_url: str, redis_url: str, process: str) -> None:
    settings = {"METRICS_ADDR": "127.0.0.1:0"}
    with run_service(database_url, redis_url, process, settings=settings) as service:
        [line] = service.log_lines(process, "metrics_started")
        assert httpx.get(f"http://{line['address']}/healthz").json() == {"status": "alive"}


def test_names_a_missing_redis(database_url: str) -> None:
    """A worker logs it at once."""
    with run_service(database_url, NO_REDIS, "worker") as service:
        wait_until(lambda: service.log_lines("worker", "redis_unavailable"))
        line = service.log_lines("worker", "redis_unavailable")[0]
        assert (line["url"], "refused" in line["error"]) == ("redis://127.0.0.1:9/0", True)
        assert "CREWKIT_GIT_REDIS_URL" in line["reason"]
        assert PASSWORD not in str(service.log("worker"))


@pytest.mark.parametrize("process", ["api", "grpc", "scheduler", "worker"])
def test_names_a_missing_database_once(redis_url: str, process: str) -> None:
    settings = {"METRICS_ADDR": "127.0.0.1:0"}
    with run_service(NO_DATABASE, redis_url, settings=settings) as service:
        wait_until_serving(service, process)
        watched = service.url if process == "api" else None
        if process == "worker":
            watched = f"http://{service.log_lines(process, 'metrics_started')[0]['address']}"
        for _ in range(3):
            if watched:
                assert httpx.get(f"{watched}/readyz").status_code == 503
        wait_until(lambda: service.log_lines(process, "database_unavailable"))
        [line] = service.log_lines(process, "database_unavailable")
        assert line["url"] == "postgresql://127.0.0.1:9/crewkit"
        assert "refused" in line["error"]
        assert "CREWKIT_GIT_DATABASE_URL" in line["reason"]
        assert PASSWORD not in str(service.log(process))


@pytest.mark.parametrize("process", ["api", "grpc", "scheduler", "worker"])
def test_reports_a_rejected_login_at_once(database_url: str, redis_url: str, process: str) -> None:
    """With reason and remedy, which is not to start the server."""
    wrong = f"{database_url}&user=nobody"
    with run_service(wrong, redis_url) as service:
        wait_until_serving(service, process)
        wait_until(lambda: service.log_lines(process, "database_unavailable"))
        [line] = service.log_lines(process, "database_unavailable")
        assert line["url"] == redact_url(database_url)
        assert line["reason"] == "Correct the user and password in CREWKIT_GIT_DATABASE_URL."


@pytest.mark.parametrize("process", ["api", "grpc", "scheduler", "worker"])
def test_reports_a_database_without_tables_once(servers: Servers, redis_url: str, process: str) -> None:
    """At once, and again when it is migrated."""
    with new_database(servers.database_url) as empty, run_service(empty, redis_url) as service:
        wait_until_serving(service, process)
        wait_until(lambda: service.log_lines(process, "database_not_migrated"))
        migrate(empty)
        wait_until(lambda: service.log_lines(process, "database_migrated"), seconds=20)
        [line] = service.log_lines(process, "database_not_migrated")
        assert (line["url"], line["reason"]) == (redact_url(empty), "Run `crewkit-git migrate`.")


async def test_api_without_tables_stops_cleanly(servers: Servers, redis_url: str) -> None:
    """Although it cannot store which secret verified a delivery."""
    with new_database(servers.database_url) as empty, run_service(empty, redis_url) as service:
        wait_until_serving(service, "api")
        answers = await post_all(service.address, pushes(1), connections=1)
        assert list(answers.values()) == [503]
        service.stop()
        assert service.log_lines("api", "api_stopped")
        assert "Traceback" not in str(service.log("api"))


def test_readiness_distinguishes_database_problems(servers: Servers, database_url: str, redis_url: str) -> None:
    """Missing server, rejected login, missing tables; never with the address."""
    said = set()
    with new_database(servers.database_url) as empty:
        for url in (NO_DATABASE, f"{database_url}&user=nobody", empty):
            with run_service(url, redis_url) as service:
                wait_until_serving(service, "api")
                answer = httpx.get(f"{service.url}/readyz")
            assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
            assert not any(one in answer.text for one in ("127.0.0.1", "nobody", PASSWORD))
            said.add(answer.json()["errors"][0]["message"])
    assert said == {
        "The database does not respond. Try again soon.",
        "The database rejected this service's credentials. Try again soon.",
        "The database is not ready: its tables are missing or out of date. Try again soon.",
    }


@pytest.mark.parametrize(
    "command", ["migrate", "migrate --check", "recover-deliveries", "keys verify", "events list", "local"]
)
def test_command_names_a_missing_database(tmp_path: Path, command: str) -> None:
    """With reason and remedy."""
    done = run_until_exit(command, {"HOME": str(tmp_path)})
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("{")] == []
    assert lines[-1].startswith(
        "Error: The database postgresql://127.0.0.1:9/crewkit is not available (connection failed: "
        'connection to server at "127.0.0.1", port 9 failed: Connection refused). '
        "Start PostgreSQL, or correct CREWKIT_GIT_DATABASE_URL."
    )
    assert PASSWORD not in done.stderr


def test_doctor_names_a_missing_redis() -> None:
    said = run_until_exit("doctor", {}).stdout
    assert "redis://127.0.0.1:9/0: Redis does not respond (ConnectionError)." in said
    assert 'server at "127.0.0.1", port 9 failed: Connection refused' in said
    assert PASSWORD not in said


def test_command_reports_a_database_without_tables(servers: Servers) -> None:
    with new_database(servers.database_url) as empty:
        done = run_until_exit("events list", {"DATABASE_URL": empty})
    [line] = done.stderr.splitlines()
    assert "is not migrated: its tables are missing or out of date. Run `crewkit-git migrate`." in line
