"""An external adapter, named in the settings, replaces the built-in one."""

import os
from pathlib import Path

import pytest

from entrypoints.settings.settings import Settings, SettingsRefused
from tests.support.builders.deliveries import post_all, pushes
from tests.support.builders.settings import PRODUCTION
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import open_events
from tests.support.servers.fork_server import run_module
from tests.support.servers.servers import temporary_home
from tests.support.servers.service import Service

EXAMPLE = Path(__file__).parents[2] / "examples" / "file_lock"


async def test_recovery_uses_the_example(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is installed beside the service without changes, and everything else works."""
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLE))
    monkeypatch.setenv("CREWKIT_FILE_LOCK_DIRECTORY", str(tmp_path / "locks"))
    settings = {"ADAPTERS": "exclusion=crewkit_file_lock:open_exclusion"}
    with temporary_home() as home, open_events(database_url) as event_store:
        event_store.connect_installation()
        service = Service(home, database_url, redis_url, settings=settings)
        try:
            service.start("api", "worker", "scheduler")
            answers = await post_all(service.address, pushes(5))
            assert set(answers.values()) == {202}
            wait_until(lambda: event_store.statuses() == {"processed": 5})
            # The scheduler compares GitHub's log at once when it starts, and one at a time does.
            wait_until(lambda: list((tmp_path / "locks").glob("*.lock")))
        finally:
            service.stop()


@pytest.mark.parametrize(
    "given",
    [
        "exclusion",
        "exclusion=nowhere:make",
        "exclusion=json:nothing",
        "soup=json:loads",
        "exclusion=json",
        "exclusion=json:__name__",
        "exclusion=antigravity_not:a",
        "cipher=json:loads,cipher=json:dumps",
    ],
)
def test_reports_extensions_that_cannot_be_loaded(given: str) -> None:
    """Together with the other problems of the settings."""
    with pytest.raises(SettingsRefused, match="CREWKIT_GIT_ADAPTERS"):
        Settings.from_environment({"CREWKIT_GIT_ADAPTERS": given})


def test_names_a_module_that_fails_to_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_adapter.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    problem = "cannot be imported: it raised ZeroDivisionError: division by zero"
    with pytest.raises(SettingsRefused, match=problem):
        Settings.from_environment({"CREWKIT_GIT_ADAPTERS": "cipher=broken_adapter:make"})


@pytest.mark.parametrize("process", ["api", "grpc", "worker", "scheduler"])
def test_every_process_rejects_a_factory_without_an_adapter(process: str) -> None:
    """In one line, without a stack trace, before it listens or connects."""
    service = {**PRODUCTION, "CREWKIT_GIT_ADAPTERS": "cipher=os:system"}
    ended = run_module("entrypoints.cli.main", process, environment={**os.environ, **service})
    assert ended.returncode == 1, ended.stderr
    assert "CREWKIT_GIT_ADAPTERS: `cipher=os:system`: the factory raised TypeError" in ended.stderr
    assert "docs/adapters.md" in ended.stderr
    assert "Traceback" not in ended.stderr
