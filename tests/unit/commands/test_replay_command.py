"""`crewkit-git events replay` says what is wrong with what it was given."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrypoints.cli.click_extensions import DURATION
from entrypoints.cli.events import events, list_events
from tests.support.builders.deliveries import SECRET


def replay(home: Path, *arguments: str) -> Result:
    """Call the command with a secret, as against a service elsewhere."""
    environment = {
        "CREWKIT_GIT_HOME": str(home),
        "CREWKIT_GIT_ENVIRONMENT": "development",
        "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET,
    }
    return CliRunner().invoke(events, ["replay", *arguments], env=environment)


def test_folder_without_payloads_is_an_error(tmp_path: Path) -> None:
    """A mistyped folder must not look like success."""
    done = replay(tmp_path, str(tmp_path), "--url", "http://127.0.0.1:9")
    assert (done.exit_code, "No *.json file" in done.output) == (1, True)


def test_names_a_folder_that_is_not_an_event(tmp_path: Path) -> None:
    """The event is sent in a header, which allows only ASCII."""
    file = tmp_path / "\u043f\u0443\u0448" / "one.json"
    file.parent.mkdir()
    file.write_text("{}")
    done = replay(tmp_path, str(file), "--url", "http://127.0.0.1:9")
    assert (done.exit_code, "is not an event type" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://[::1", "is not a valid URL"),
        ("http://127.0.0.1:99999", "is not a valid URL"),
        ("http://127.0.0.1:9", "failed (ConnectError)"),
    ],
)
def test_reports_an_unreachable_address_in_one_line(tmp_path: Path, url: str, said: str) -> None:
    """Without a traceback."""
    file = tmp_path / "push" / "one.json"
    file.parent.mkdir()
    file.write_text("{}")
    done = replay(tmp_path, str(tmp_path), "--url", url)
    assert (done.exit_code, said in done.output) == (1, True), done.output


@pytest.mark.parametrize("is_set", [True, False], ids=["secret", "no secret"])
@pytest.mark.parametrize("is_named", [True, False], ids=["url", "no url"])
def test_prompts_only_for_missing_values(tmp_path: Path, *, is_set: bool, is_named: bool) -> None:
    secret = {"CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET} if is_set else {}
    environment = {"CREWKIT_GIT_HOME": str(tmp_path), "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": "", **secret}
    url = ["--url", "http://127.0.0.1:9"] if is_named else []
    done = CliRunner().invoke(events, ["replay", str(tmp_path), *url], env=environment)
    assert done.exit_code == 1
    assert ("CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS" in done.output) is not is_set
    assert ("--url" in done.output) is not is_named
    assert ("make run" in done.output) is not is_named


def test_rejects_an_excessive_duration() -> None:
    """The calendar has an end."""
    assert DURATION.convert("3650d", None, None).days == 3650
    done = CliRunner().invoke(list_events, ["--since", "999999d"])
    assert (done.exit_code, "maximum is ten years" in done.output) == (2, True)


def test_shows_progress_and_rate(tmp_path: Path) -> None:
    """The last line has the total."""
    file = tmp_path / "push" / "one.json"
    file.parent.mkdir()
    file.write_text("{}")
    done = replay(tmp_path, str(tmp_path), "--url", "http://127.0.0.1:9", "--repeat", "3")
    assert re.search(r"^3 of 3 sent in [\d.]+ s, [\d,]+ per second$", done.stderr, re.MULTILINE)
    assert done.stdout == "failed (ConnectError): 3\n"
