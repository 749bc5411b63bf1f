"""One command runs everything, stops everything, and starts again on the same data."""

import os
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.support.conditions import all_ended, wait_until
from tests.support.servers.fork_server import run_module
from tests.support.servers.up import Up, environment, run_up


def has_started(home: Path, name: str) -> bool:
    """Return whether a process has logged the text."""
    log = home / "logs" / f"{name}.log"
    return log.exists() and f"{name}_started" in log.read_text()


def refusal(home: Path, **settings: str) -> str:
    """Run an `up` that cannot start, as a fork, and return its message."""
    refused = run_module("local", environment=environment(home, **settings))
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    return refused.stderr


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Give an `up` with two workers, for tests after which it is ready again."""
    with run_up(tmp_path_factory.mktemp("up") / "home", WORKERS="2") as up:
        yield up


def test_starts_again_after_a_stop_and_a_kill(tmp_path: Path) -> None:
    """SIGTERM, SIGKILL and Ctrl-C end every process; keys and data are the same next time.

    A stale lock and stale facts do not prevent the next start.
    """
    home = tmp_path / "home"
    with run_up(home) as up:
        first = up.demo
        assert httpx.get(f"{first['http_url']}/readyz").status_code == 200
        assert (home / "demo.json").stat().st_mode & 0o777 == 0o600
        with psycopg.connect(first["database_url"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
        # Ready is the API; a process that is stopped while it still loads has nothing to say.
        wait_until(lambda: all(map(partial(has_started, home), ("worker", "scheduler"))), seconds=30)
        family = up.family()
        up.process.send_signal(signal.SIGTERM)
        assert up.wait_for_clean_end()
        assert all_ended(family)
        for name in ("api", "worker", "scheduler"):
            assert f"{name}_stopped" in (home / "logs" / f"{name}.log").read_text()
    with run_up(home) as up:
        assert up.demo["webhook_secret"] == first["webhook_secret"]
        with psycopg.connect(up.demo["database_url"]) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)
        family = up.family()
        up.process.kill()
        wait_until(lambda: all_ended(family))
        assert (home / "demo.json").exists()
    (home / "demo.json").write_text("{}")
    with run_up(home) as up:
        assert httpx.get(f"{up.demo['http_url']}/readyz").status_code == 200
        family = up.family()
        os.killpg(up.process.pid, signal.SIGINT)  # what a terminal sends on Ctrl-C
        assert up.wait_for_clean_end()
        assert all_ended(family)


def test_rejects_a_second_start_with_a_remedy(running: Up, tmp_path: Path) -> None:
    """The message names the process and the setting; the first continues."""
    assert f"kill {running.process.pid}" in refusal(running.home)
    port = running.demo["http_url"].rpartition(":")[2]
    said = refusal(tmp_path / "other", HTTP_ADDR=f"127.0.0.1:{port}")
    assert "CREWKIT_GIT_HTTP_ADDR" in said
    assert f"127.0.0.1:{port} is already in use" in said
    assert httpx.get(f"{running.demo['http_url']}/readyz").status_code == 200


def test_restarts_each_killed_program(running: Up) -> None:
    """Including the database; it becomes ready again."""
    children = psutil.Process(running.process.pid).children()
    assert len(children) == 8  # postgres, redis, api, grpc, two workers, scheduler, sandbox
    for child in children:
        child.kill()

    def is_whole_again() -> bool:
        now = psutil.Process(running.process.pid).children()
        return len(now) == 8 and not set(now) & set(children)

    def is_ready() -> bool:
        try:
            return httpx.get(f"{running.demo['http_url']}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(is_whole_again, seconds=50)
    wait_until(is_ready, seconds=50)


def test_uses_configured_servers(tmp_path: Path, database_url: str, redis_url: str) -> None:
    """Only what is not given is started."""
    with run_up(tmp_path / "home", DATABASE_URL=database_url, REDIS_URL=redis_url) as up:
        assert up.demo["database_url"] == database_url
        names = [process.name() for process in up.family()]
        assert "postgres" not in names
        assert "redis-server" not in names


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"ENVIRONMENT": "production"}, "start api, grpc, worker and scheduler separately"),
        ({"HTTP_ADDR": "somewhere"}, "CREWKIT_GIT_HTTP_ADDR"),
        ({"HTTP_ADDR": "192.0.2.1:3050"}, "set CREWKIT_GIT_HTTP_ADDR to another address"),
        ({"WORKERS": "many"}, "CREWKIT_GIT_WORKERS"),
    ],
)
def test_rejects_invalid_settings_by_name(tmp_path: Path, settings: dict[str, str], remedy: str) -> None:
    """With one clear message, and no process left."""
    assert remedy in refusal(tmp_path / "home", **settings)


def test_rejects_a_port_in_use_before_starting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refusal(tmp_path / "home", HTTP_ADDR=f"127.0.0.1:{taken.getsockname()[1]}")
    assert f"by process {os.getpid()}" in said
    assert not (tmp_path / "home" / "postgres").exists()
