"""`crewkit-git events` says what to do when there is no database to look into."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from entrypoints.cli.events import events
from tests.support.builders.deliveries import SECRET

GONE = "postgresql://nobody@/nothing?host=/nonexistent"


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "of up"])
@pytest.mark.parametrize("arguments", [["list"], ["show", "x"], ["retry", "x"]], ids=" ".join)
def test_reports_a_missing_database(
    tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, *, is_named: bool
) -> None:
    """The configured one, or that of a killed `up`."""
    monkeypatch.setattr("entrypoints.cli.application.configure_command", lambda _settings: None)
    published = {
        "CREWKIT_GIT_ENVIRONMENT": "development",
        "CREWKIT_GIT_DATABASE_URL": GONE,
        "CREWKIT_GIT_REDIS_URL": "redis://127.0.0.1:1/0",
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET,
    }
    (tmp_path / "demo.json").write_text(json.dumps({"environment": published}))
    environment = {"CREWKIT_GIT_HOME": str(tmp_path)} | ({"CREWKIT_GIT_DATABASE_URL": GONE} if is_named else {})
    done = CliRunner().invoke(events, arguments, env=environment)
    assert done.exit_code == 1
    assert done.output.endswith("(storage_unavailable)\n")
    assert ("make run" in done.output) is not is_named
    assert "CREWKIT_GIT_DATABASE_URL" in done.output
    assert GONE not in done.output
