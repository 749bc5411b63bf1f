"""`crewkit-git events replay` says what is wrong with what it was given."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from entrypoints.cli.durations import DURATION
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


def test_a_folder_without_payloads_is_an_error(tmp_path: Path) -> None:
    """A mistyped folder must not look like success."""
    done = replay(tmp_path, str(tmp_path), "--url", "http://127.0.0.1:9")
    assert (done.exit_code, "No *.json file" in done.output) == (1, True)


def test_a_folder_that_is_no_event_is_named(tmp_path: Path) -> None:
    """An event's name goes into a header, which holds ASCII alone."""
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
def test_an_address_nobody_answers_is_told_in_one_line(tmp_path: Path, url: str, said: str) -> None:
    """Whatever is wrong with it, there is no traceback."""
    file = tmp_path / "push" / "one.json"
    file.parent.mkdir()
    file.write_text("{}")
    done = replay(tmp_path, str(tmp_path), "--url", url)
    assert (done.exit_code, said in done.output) == (1, True), done.output


@pytest.mark.parametrize("is_set", [True, False], ids=["secret", "no secret"])
@pytest.mark.parametrize("is_named", [True, False], ids=["url", "no url"])
def test_it_asks_for_what_is_missing_and_for_nothing_else(tmp_path: Path, *, is_set: bool, is_named: bool) -> None:
    """A secret that is set is not asked for, nor an address that was given."""
    secret = {"CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": SECRET} if is_set else {}
    environment = {"CREWKIT_GIT_HOME": str(tmp_path), "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS": "", **secret}
    url = ["--url", "http://127.0.0.1:9"] if is_named else []
    done = CliRunner().invoke(events, ["replay", str(tmp_path), *url], env=environment)
    assert done.exit_code == 1
    assert ("CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS" in done.output) is not is_set
    assert ("--url" in done.output) is not is_named
    assert ("crewkit-git up" in done.output) is not is_named


def test_a_length_of_time_beyond_reason_is_refused() -> None:
    """The calendar ends somewhere."""
    assert DURATION.convert("3650d", None, None).days == 3650
    done = CliRunner().invoke(list_events, ["--since", "999999d"])
    assert (done.exit_code, "maximum is ten years" in done.output) == (2, True)


def test_shows_progress_and_rate(tmp_path: Path) -> None:
    """The last line has the total, whatever the answers were."""
    file = tmp_path / "push" / "one.json"
    file.parent.mkdir()
    file.write_text("{}")
    done = replay(tmp_path, str(tmp_path), "--url", "http://127.0.0.1:9", "--repeat", "3")
    assert re.search(r"^3 of 3 sent in [\d.]+ s, [\d,]+ per second$", done.stderr, re.MULTILINE)
    assert done.stdout == "failed (ConnectError): 3\n"
