"""One command runs everything, stops everything, and starts again on the same data."""

import os
import signal
import socket
import subprocess
from functools import partial
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from tests.support.conditions import all_ended, wait_until
from tests.support.servers.up import UP, environment, running_up


def has_started(home: Path, name: str) -> bool:
    """Tell whether a process has said so in its log."""
    log = home / "logs" / f"{name}.log"
    return log.exists() and f"{name}_started" in log.read_text()


def refusal(home: Path, **settings: str) -> str:
    """Run an `up` that cannot start, and give what it says."""
    refused = subprocess.run(
        UP, env=environment(home, **settings), capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    return refused.stderr


def test_it_serves_and_stops_without_a_trace_and_starts_again_on_its_data(tmp_path: Path) -> None:
    """Ready means ready; SIGTERM and Ctrl-C end every process; keys and data are the same next time."""
    home = tmp_path / "home"
    with running_up(home) as up:
        first = up.demo
        assert httpx.get(f"{first['http_url']}/readyz").status_code == 200
        assert (home / "demo.json").stat().st_mode & 0o777 == 0o600
        with psycopg.connect(first["database_url"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
        # Ready is the API; a process that is stopped while it still loads has nothing to say.
        wait_until(lambda: all(map(partial(has_started, home), ("worker", "scheduler"))), seconds=30)
        family = up.family()
        up.process.send_signal(signal.SIGTERM)
        assert up.ended_cleanly()
        assert all_ended(family)
        for name in ("api", "worker", "scheduler"):
            assert f"{name}_stopped" in (home / "logs" / f"{name}.log").read_text()
    with running_up(home) as up:
        assert up.demo["webhook_secret"] == first["webhook_secret"]
        with psycopg.connect(up.demo["database_url"]) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)
        family = up.family()
        os.killpg(up.process.pid, signal.SIGINT)  # what a terminal sends on Ctrl-C
        assert up.ended_cleanly()
        assert all_ended(family)


def test_a_second_start_on_its_home_or_port_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """The message names the process in the way and the setting that avoids it; the first goes on."""
    with running_up(tmp_path / "home") as up:
        assert f"kill {up.process.pid}" in refusal(tmp_path / "home")
        port = up.demo["http_url"].rpartition(":")[2]
        said = refusal(tmp_path / "other", HTTP_ADDR=f"127.0.0.1:{port}")
        assert "CREWKIT_GIT_HTTP_ADDR" in said
        assert f"127.0.0.1:{port} is already in use" in said
        assert httpx.get(f"{up.demo['http_url']}/readyz").status_code == 200


def test_killed_it_takes_everything_along_and_is_healed_by_the_next_start(tmp_path: Path) -> None:
    """After kill -9 no process stays, and the stale lock and facts are no obstacle."""
    home = tmp_path / "home"
    with running_up(home) as up:
        family = up.family()
        up.process.kill()
        wait_until(lambda: all_ended(family))
        assert (home / "demo.json").exists()
    (home / "demo.json").write_text("{}")
    with running_up(home) as up:
        assert httpx.get(f"{up.demo['http_url']}/readyz").status_code == 200


def test_each_of_its_programs_is_replaced_when_killed(tmp_path: Path) -> None:
    """Whatever of it is killed, database included, comes back and it is ready again."""
    with running_up(tmp_path / "home", WORKERS="2") as up:
        children = psutil.Process(up.process.pid).children()
        assert len(children) == 8  # postgres, redis, api, grpc, two workers, scheduler, sandbox
        for child in children:
            child.kill()

        def is_whole_again() -> bool:
            now = psutil.Process(up.process.pid).children()
            return len(now) == 8 and not set(now) & set(children)

        def is_ready() -> bool:
            try:
                return httpx.get(f"{up.demo['http_url']}/readyz").status_code == 200
            except httpx.TransportError:
                return False

        wait_until(is_whole_again, seconds=50)
        wait_until(is_ready, seconds=50)


def test_given_servers_replace_the_embedded_ones(tmp_path: Path, database_url: str, redis_url: str) -> None:
    """Only what is not given is started."""
    with running_up(tmp_path / "home", DATABASE_URL=database_url, REDIS_URL=redis_url) as up:
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
def test_what_cannot_work_is_refused_with_the_setting_to_change(
    tmp_path: Path, settings: dict[str, str], remedy: str
) -> None:
    """One clear message, and no process left."""
    assert remedy in refusal(tmp_path / "home", **settings)


def test_a_port_someone_else_listens_on_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Nobody waits for a database to learn that a port is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refusal(tmp_path / "home", HTTP_ADDR=f"127.0.0.1:{taken.getsockname()[1]}")
    assert f"by process {os.getpid()}" in said
    assert not (tmp_path / "home" / "postgres").exists()
