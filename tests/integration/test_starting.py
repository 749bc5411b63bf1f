"""What a process says when it starts, or cannot. Seen on real processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from core.domain.secret import redact_url
from entrypoints.bootstrap.migrations import migrate
from tests.support.builders.deliveries import post_all, pushes
from tests.support.conditions import wait_until
from tests.support.servers.servers import Servers, new_database, temporary_home
from tests.support.servers.service import Service, running_service

PASSWORD = "hunter2"
NO_DATABASE = f"postgresql://me:{PASSWORD}@127.0.0.1:9/crewkit"
NO_REDIS = f"redis://:{PASSWORD}@127.0.0.1:9/0"


def ended(command: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a process that ends by itself."""
    with temporary_home() as home:
        environment = Service(home, NO_DATABASE, NO_REDIS, settings=settings).environment
        module = ["sandbox"] if command == "sandbox" else ["entrypoints.cli.main", *command.split()]
        words = [sys.executable, "-m", *module]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30, check=False)


def begun(service: Service, process: str) -> None:
    """Start one that will not be ready, and return when it serves."""
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
def test_an_address_that_is_taken(process: str, setting: str) -> None:
    """Is named in one line with the setting and with who has it, and the process ends."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        mode = {"ENVIRONMENT": "development"} if process == "sandbox" else {}
        done = ended(process, {setting: address, **mode})
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: {address} is already in use by process {os.getpid()} (")
    assert line.endswith(f"). Stop that process, or set CREWKIT_GIT_{setting} to another address.")
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


def test_a_variable_that_is_no_setting_is_told(database_url: str, redis_url: str) -> None:
    """By a process when it starts, in one line, without its value; and by the doctor."""
    misspelt = {"LOG_LEVLE": PASSWORD, "TYPO": PASSWORD}
    with running_service(database_url, redis_url, "scheduler", settings=misspelt) as service:
        [line] = service.logged("scheduler", "unknown_settings")
    assert line["level"] == "warning"
    assert line["reason"] == (
        "CREWKIT_GIT_LOG_LEVLE: this setting does not exist. Rename it to CREWKIT_GIT_LOG_LEVEL, or remove "
        "it. CREWKIT_GIT_TYPO: this setting does not exist. Remove it. docs/reference/settings.md lists "
        "all settings."
    )
    said = ended("doctor", misspelt).stdout
    assert "warn  settings" in said
    assert "CREWKIT_GIT_LOG_LEVLE: this setting does not exist." in said
    assert PASSWORD not in said


@pytest.mark.parametrize("process", ["grpc", "worker", "scheduler"])
def test_a_watched_process_says_where(database_url: str, redis_url: str, process: str) -> None:
    """As the API does."""
    settings = {"METRICS_ADDR": "127.0.0.1:0"}
    with running_service(database_url, redis_url, process, settings=settings) as service:
        [line] = service.logged(process, "metrics_started")
        assert httpx.get(f"http://{line['address']}/healthz").json() == {"status": "alive"}


def test_a_redis_that_is_not_there_is_named(database_url: str) -> None:
    """By whoever looks for it: a worker at once."""
    with running_service(database_url, NO_REDIS, "worker") as service:
        wait_until(lambda: service.logged("worker", "redis_unavailable"))
        line = service.logged("worker", "redis_unavailable")[0]
        assert (line["url"], "refused" in line["error"]) == ("redis://127.0.0.1:9/0", True)
        assert "CREWKIT_GIT_REDIS_URL" in line["reason"]
        assert PASSWORD not in str(service.log("worker"))


@pytest.mark.parametrize("process", ["api", "grpc", "scheduler", "worker"])
def test_a_database_that_is_not_there_is_named_once(redis_url: str, process: str) -> None:
    """However often it is looked for."""
    settings = {"METRICS_ADDR": "127.0.0.1:0"}
    with running_service(NO_DATABASE, redis_url, settings=settings) as service:
        begun(service, process)
        watched = service.url if process == "api" else None
        if process == "worker":
            watched = f"http://{service.logged(process, 'metrics_started')[0]['address']}"
        for _ in range(3):
            if watched:
                assert httpx.get(f"{watched}/readyz").status_code == 503
        wait_until(lambda: service.logged(process, "database_unavailable"))
        [line] = service.logged(process, "database_unavailable")
        assert line["url"] == "postgresql://127.0.0.1:9/crewkit"
        assert "refused" in line["error"]
        assert "CREWKIT_GIT_DATABASE_URL" in line["reason"]
        assert PASSWORD not in str(service.log(process))


@pytest.mark.parametrize("process", ["api", "grpc", "scheduler", "worker"])
def test_a_database_that_lets_nobody_in_is_told_at_once(database_url: str, redis_url: str, process: str) -> None:
    """Whoever uses it or not: with what helps, and why; nobody is to start a server that runs."""
    wrong = f"{database_url}&user=nobody"
    with running_service(wrong, redis_url) as service:
        begun(service, process)
        wait_until(lambda: service.logged(process, "database_unavailable"))
        [line] = service.logged(process, "database_unavailable")
        assert line["url"] == redact_url(database_url)
        assert line["reason"] == "Correct the user and password in CREWKIT_GIT_DATABASE_URL."


@pytest.mark.parametrize("process", ["api", "grpc", "scheduler", "worker"])
def test_a_database_that_was_never_migrated_is_told_once(servers: Servers, redis_url: str, process: str) -> None:
    """At once, and when somebody has migrated it."""
    with new_database(servers.database_url) as empty, running_service(empty, redis_url) as service:
        begun(service, process)
        wait_until(lambda: service.logged(process, "database_not_migrated"))
        migrate(empty)
        wait_until(lambda: service.logged(process, "database_migrated"), seconds=20)
        [line] = service.logged(process, "database_not_migrated")
        assert (line["url"], line["reason"]) == (redact_url(empty), "Run `crewkit-git migrate`.")


async def test_an_api_stops_cleanly_that_never_had_tables(servers: Servers, redis_url: str) -> None:
    """Though it has noted which secret a delivery was signed with, and cannot write it down."""
    with new_database(servers.database_url) as empty, running_service(empty, redis_url) as service:
        begun(service, "api")
        answers = await post_all(service.address, pushes(1), connections=1)
        assert list(answers.values()) == [503]
        service.stop()
        assert service.logged("api", "api_stopped")
        assert "Traceback" not in str(service.log("api"))


def test_readiness_tells_what_is_wrong_apart(servers: Servers, database_url: str, redis_url: str) -> None:
    """A server that is away, one that lets us not in, and one without our tables; in no case where it is."""
    said = set()
    with new_database(servers.database_url) as empty:
        for url in (NO_DATABASE, f"{database_url}&user=nobody", empty):
            with running_service(url, redis_url) as service:
                begun(service, "api")
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
    "command", ["migrate", "migrate --check", "recover-deliveries", "keys verify", "events list", "up"]
)
def test_a_command_names_the_database_that_is_not_there(tmp_path: Path, command: str) -> None:
    """And why, and what to look at."""
    done = ended(command, {"HOME": str(tmp_path)})
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith("{")] == []
    assert lines[-1].startswith(
        "Error: The database postgresql://127.0.0.1:9/crewkit is not available (connection failed: "
        'connection to server at "127.0.0.1", port 9 failed: Connection refused). '
        "Start PostgreSQL, or correct CREWKIT_GIT_DATABASE_URL."
    )
    assert PASSWORD not in done.stderr


def test_the_doctor_names_the_redis_that_is_not_there() -> None:
    """As it does the database."""
    said = ended("doctor", {}).stdout
    assert "redis://127.0.0.1:9/0: Redis does not respond (ConnectionError)." in said
    assert 'server at "127.0.0.1", port 9 failed: Connection refused' in said
    assert PASSWORD not in said


def test_a_command_says_that_a_database_was_never_migrated(servers: Servers) -> None:
    """It answers, and has none of our tables."""
    with new_database(servers.database_url) as empty:
        done = ended("events list", {"DATABASE_URL": empty})
    [line] = done.stderr.splitlines()
    assert "is not migrated: its tables are missing or out of date. Run `crewkit-git migrate`." in line
