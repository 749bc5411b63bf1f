"""The sandbox as a process: it runs in development alone, keeps its world, and its App can be taken over."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.server import Snapshot
from sandbox.state.sandbox_app import app_environment, load_app
from sandbox.state.seed import create_data
from tests.support.conditions import wait_until
from tests.support.servers.sandbox import INSTALLATION, MARA, sandbox_app


@contextmanager
def sandbox_process(home: Path, port: int) -> Iterator[httpx.Client]:
    """Run `python -m sandbox` for the length of the block, and stop it as a supervisor does."""
    environment = {
        **os.environ,
        "CREWKIT_GIT_ENVIRONMENT": "development",
        "CREWKIT_GIT_HOME": str(home),
        "CREWKIT_GIT_SANDBOX_ADDR": f"127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "sandbox"]
    with (
        subprocess.Popen(command, env=environment) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False) as client,
    ):
        try:
            wait_until(lambda: process.poll() is None and _answers(client), seconds=20)
            yield client
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) in (0, -signal.SIGTERM)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").is_success
    except httpx.TransportError:
        return False


@pytest.fixture
def port() -> int:
    """Find a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found: int = listening.getsockname()[1]
        return found


def test_restart_keeps_the_state(tmp_path: Path, port: int) -> None:
    """Files of the state and the App are readable only for their owner."""
    with sandbox_process(tmp_path, port) as client:
        done = client.post(f"/_sandbox/as/{MARA}/uninstall", json={"installation": INSTALLATION})
        assert done.status_code == 200
    kept = [tmp_path / "sandbox" / name for name in ("app.json", "world.json")]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o600, 0o600]
    with sandbox_process(tmp_path, port) as client:
        assert client.get("/_sandbox").json()["installations"] == []


@pytest.mark.parametrize("environment", [{}, {"CREWKIT_GIT_ENVIRONMENT": "production"}])
def test_refuses_to_start_outside_development(tmp_path: Path, environment: dict[str, str]) -> None:
    """Any value except `development` is rejected, and nothing is written."""
    keys = {name: value for name, value in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    said = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        env={**keys, "CREWKIT_GIT_HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert said.returncode == 1
    assert "CREWKIT_GIT_ENVIRONMENT" in said.stderr
    assert not (tmp_path / "home").exists()


def test_creates_the_app_once_and_prints_no_secret(tmp_path: Path) -> None:
    """The service reads the same file as the sandbox."""
    app = load_app(tmp_path)
    assert load_app(tmp_path) == app
    assert (tmp_path / "app.json").stat().st_mode & 0o777 == 0o600
    assert app.private_key not in repr(app)
    assert app.client_secret not in repr(app)
    environment = app_environment(app, sandbox_url="http://127.0.0.1:3060")
    assert environment["CREWKIT_GIT_GITHUB_API_URL"] == "http://127.0.0.1:3060/api/v3"
    assert environment["CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS"] == app.webhook_secret
    assert environment["CREWKIT_GIT_GITHUB_PRIVATE_KEY"].startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_state_survives_its_file(tmp_path: Path) -> None:
    """Reading returns the written state; a file of another format starts a new state."""
    world = create_data(sandbox_app(), service_url="http://127.0.0.1:9")
    snapshot = Snapshot(tmp_path)
    assert snapshot.load() is None
    snapshot.save(world)
    assert snapshot.load() == world
    (tmp_path / "world.json").write_text('{"accounts": []}')
    assert snapshot.load() is None
