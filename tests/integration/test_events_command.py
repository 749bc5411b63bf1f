"""`crewkit-git events` lists, shows and retries deliveries, and says where it looked for the service."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.fork_server import run_module

_EVENTS = """
    INSERT INTO git_webhook_events (
        provider, event_type, action, delivery_id, installation_id, repo_id, lane, payload, payload_length,
        payload_sha256, status, git_integration_id, error_message, verdicts, created_at
    )
    SELECT 'github', type, action, delivery_id, 1, '7', 0, NULL, 2, '', event.status,
        CASE WHEN event.status <> 'unrouted' THEN integration.id END, error, verdicts::jsonb,
        created::timestamptz
    FROM git_integrations AS integration, (VALUES
        ('push', NULL, 'aaaa0000-1', 'processed', NULL,
            '[{"subject": "link", "outcome": "processed", "reason": "branch_linked"}]', '2026-01-31T12:00Z'),
        ('pull_request', 'opened', 'aaaa1111-2', 'failed', 'envelope_unreadable', '[]', '2026-07-31T12:00Z'),
        ('push', NULL, 'bbbb0000-3', 'unrouted', NULL, '[]', '2026-07-31T13:00Z'),
        (E'push\\u001b[31m', NULL, 'cccc0000-4', 'ignored', 'event_not_handled', '[]', '2026-07-31T14:00Z')
    ) AS event (type, action, delivery_id, status, error, verdicts, created)
"""
_COLOR = "\x1b["


@pytest.fixture
def event_store(database_url: str) -> Iterator[EventStore]:
    """Store four deliveries of a connected repository."""
    with open_events(database_url) as event_store:
        event_store.connect_installation(1, [7])
        event_store.run(_EVENTS)
        yield event_store


@pytest.fixture
def environment(database_url: str, redis_url: str) -> dict[str, str]:
    """Return the variables of a command in Berlin."""
    others = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    return others | {
        "CREWKIT_GIT_DATABASE_URL": database_url,
        "CREWKIT_GIT_REDIS_URL": redis_url,
        "TZ": "Europe/Berlin",
    }


def _run(environment: Mapping[str, str], *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    done = run_module("entrypoints.cli.main", *arguments, environment=environment, directory=cwd)
    return done.returncode, done.stdout, done.stderr


def _run_at_terminal(environment: Mapping[str, str], *arguments: str) -> str:
    master, terminal = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "entrypoints.cli.main", *arguments],
            env=dict(environment),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            check=True,
        )
        return os.read(master, 65536).decode()
    finally:
        os.close(terminal)
        os.close(master)


@pytest.mark.usefixtures("event_store")
def test_lists_a_table(environment: dict[str, str]) -> None:
    """With a header, the time's offset from UTC, the repository and the reasons; no control character."""
    code, table, errors = _run(environment, "events", "list")
    assert (code, errors) == (0, "")
    header, *rows = [re.split(r"\s{2,}", line) for line in table.splitlines()]
    assert header == ["RECEIVED", "DELIVERY ID", "STATUS", "EVENT", "REPOSITORY", "REASON"]
    repository = "acme-rockets/launchpad"
    assert rows == [
        ["2026-07-31 16:00:00+02:00", "cccc0000-4", "ignored", "push\ufffd[31m", repository, "event_not_handled"],
        ["2026-07-31 15:00:00+02:00", "bbbb0000-3", "unrouted", "push", "7", "-"],
        [
            *("2026-07-31 14:00:00+02:00", "aaaa1111-2", "failed", "pull_request.opened", repository),
            "envelope_unreadable",
        ],
        ["2026-01-31 13:00:00+01:00", "aaaa0000-1", "processed", "push", repository, "branch_linked"],
    ]


@pytest.mark.usefixtures("event_store")
def test_colors_only_a_terminal(environment: dict[str, str]) -> None:
    """`NO_COLOR` is honoured: https://no-color.org."""
    environment.pop("NO_COLOR", None)
    shown = _run_at_terminal(environment, "events", "list")
    assert f"{_COLOR}31mfailed" in shown
    assert f"{_COLOR}32mprocessed" in shown
    assert _COLOR not in _run_at_terminal(environment | {"NO_COLOR": "1"}, "events", "list")
    assert _COLOR not in _run(environment, "events", "list")[1]


@pytest.mark.usefixtures("event_store")
def test_lists_json_with_verdicts(environment: dict[str, str]) -> None:
    """One object per line."""
    code, lines, _ = _run(environment, "events", "list", "--json", "--status", "processed")
    [event] = map(json.loads, lines.splitlines())
    assert code == 0
    assert event["repository"] == "acme-rockets/launchpad"
    assert [verdict["reason"] for verdict in event["verdicts"]] == ["branch_linked"]


@pytest.mark.usefixtures("event_store")
def test_accepts_the_beginning_of_an_id(environment: dict[str, str]) -> None:
    """If several ids begin with it, they are listed; if none does, the command that lists ids is named."""
    code, shown, _ = _run(environment, "events", "show", "bb")
    assert (code, json.loads(shown)["delivery_id"]) == (0, "bbbb0000-3")
    code, shown, errors = _run(environment, "events", "show", "aaaa")
    assert (code, shown) == (1, "")
    assert "More than one delivery id starts with aaaa." in errors
    assert re.findall(r"aaaa\d{4}-\d", errors) == ["aaaa0000-1", "aaaa1111-2"]
    code, _, errors = _run(environment, "events", "retry", "dd")
    assert (code, "`crewkit-git events list` shows the ids" in errors) == (1, True)


def test_retries_by_the_beginning_of_an_id(environment: dict[str, str], event_store: EventStore) -> None:
    """The whole id is printed."""
    event_store.run("UPDATE git_webhook_events SET payload = 'x', installation_id = NULL, git_integration_id = NULL")
    code, shown, errors = _run(environment, "events", "retry", "aaaa1")
    assert (code, shown) == (0, "The webhook event aaaa1111-2 will be processed again.\n"), errors
    assert event_store.value("SELECT status FROM git_webhook_events WHERE delivery_id = 'aaaa1111-2'") == "pending"


def test_dry_run_counts_what_a_retry_would_process(environment: dict[str, str], event_store: EventStore) -> None:
    """With the newest events; the retry itself processes all of them."""
    event_store.run("UPDATE git_webhook_events SET payload = 'x'")
    code, shown, errors = _run(environment, "events", "retry", "--status", "ignored", "--dry-run")
    assert (code, errors) == (0, "")
    assert shown.startswith("1 webhook event would be processed again.\nThe newest of them:\n")
    assert "cccc0000-4" in shown
    code, shown, _ = _run(environment, "events", "retry", "cccc", "--dry-run")
    assert (code, shown) == (0, "The webhook event cccc0000-4 would be processed again.\n")
    assert event_store.value("SELECT count(*) FROM git_webhook_events WHERE status = 'pending'") == 0
    code, shown, _ = _run(environment, "events", "retry", "--status", "ignored")
    assert (code, shown) == (0, "1 webhook event will be processed again.\n")


@pytest.mark.parametrize(
    "command",
    [
        ["events", "list"],
        ["events", "show", "a"],
        ["events", "replay", "."],
        ["keys", "verify"],
        ["migrate"],
        ["recover-deliveries"],
        ["doctor"],
        ["token", "owner"],
    ],
    ids=" ".join,
)
def test_says_where_the_running_service_was_looked_for(tmp_path: Path, command: list[str]) -> None:
    """In a directory without one: which file was missing, and how to name another."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    code, _, errors = _run(environment, *command, cwd=tmp_path)
    assert code == 1
    assert str(tmp_path / ".crewkit-git") in errors
    assert "CREWKIT_GIT_HOME" in errors
    assert "directory where" in errors
    assert "Traceback" not in errors
