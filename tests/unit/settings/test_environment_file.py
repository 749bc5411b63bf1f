"""What GitHub shows once ends up in a file: whole, private, over no other, and as its readers read it."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from adapters.github.urls import GitHubUrls
from entrypoints.bootstrap.github import variables
from entrypoints.process.private_files import NoWritableDirectory, environment_text, keep
from entrypoints.settings.settings import Settings
from tests.support.builders.registration import REGISTERED

NAMED = variables(REGISTERED, GitHubUrls())
TEXT = environment_text(NAMED, about="The app\nof a test")


def settings_of(given: dict[str, str]) -> Settings:
    """Read variables as a process does."""
    return Settings.from_environment(given, process="test")


def by_shell(path: Path) -> dict[str, str]:
    """Read the file as a shell does."""
    script = 'set -a; . "$1"; exec env -0'
    said = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(path)], env={}, capture_output=True, check=True, text=True
    )
    return dict(line.split("=", 1) for line in said.stdout.split("\0") if "=" in line)


def by_docker(path: Path) -> dict[str, str]:
    """Read the file as `docker run --env-file` does: no quotes, everything after the first `=`."""
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("read", [by_shell, by_docker])
def test_settings_read_the_written_file(tmp_path: Path, read: object) -> None:
    """With any program that turns the file into an environment."""
    assert callable(read)
    kept = keep(TEXT.encode(), tmp_path / "app.env", replace=False)

    settings = settings_of(read(kept.path))

    assert settings.github_private_key is not None
    assert settings.github_private_key.reveal() == REGISTERED.pem
    assert settings.github_client_secret is not None
    assert settings.github_client_secret.reveal() == REGISTERED.client_secret
    assert [one.reveal() for one in settings.github_webhook_secrets] == [REGISTERED.webhook_secret]
    assert (settings.github_app_id, settings.github_client_id) == ("1234567", REGISTERED.client_id)


def test_values_are_never_executed(tmp_path: Path) -> None:
    """A forged response of GitHub must not run commands if a shell reads the file."""
    hostile = "$(touch ran)`touch ran`;touch ran'\"\n touch ran"
    kept = keep(environment_text({"A": hostile}, about="a\nb").encode(), tmp_path / "a.env", replace=False)

    read = by_shell(kept.path)

    assert read["A"] == hostile.replace("\n", "\\n")
    assert not (tmp_path / "ran").exists()
    assert not Path("ran").exists()


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    """From its first byte, with any umask, and without leftovers."""
    former = os.umask(0)
    try:
        kept = keep(b"A=1\n", tmp_path / "app.env", replace=False)
    finally:
        os.umask(former)

    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [kept.path]


def test_overwrites_no_file_without_the_option(tmp_path: Path) -> None:
    """If a file appears after the check, the new one is written beside it."""
    path = tmp_path / "app.env"
    path.write_text("other")

    beside = keep(b"mine", path, replace=False)
    again = keep(b"mine too", path, replace=False)

    assert path.read_text() == "other"
    assert (beside.path.name, again.path.name) == ("app-2.env", "app-3.env")
    assert beside.path.read_bytes() == b"mine"
    assert beside.instead is not None
    assert "app.env" in beside.instead
    assert keep(b"forced", path, replace=True).path == path
    assert path.read_bytes() == b"forced"


def test_writes_to_another_place_on_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub shows the secrets once, so a missing directory must not lose them."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))

    kept = keep(b"mine", tmp_path / "gone" / "app.env", replace=False)

    assert kept.path == home / "app-2.env"
    assert kept.instead is not None
    assert "No such file" in kept.instead


def test_reports_that_no_place_is_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason of the requested place."""
    gone = tmp_path / "gone"
    monkeypatch.setenv("HOME", str(gone))
    monkeypatch.setattr(tempfile, "tempdir", str(gone))

    with pytest.raises(NoWritableDirectory, match=r"app\.env: No such file"):
        keep(b"mine", gone / "app.env", replace=True)
