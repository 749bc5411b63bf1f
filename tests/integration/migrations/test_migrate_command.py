"""The command `crewkit-git migrate`, and the documented statements after it."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from adapters.postgres.migrate import current, migrate, newest, revisions
from core.domain.secret import redact_url
from entrypoints.cli.migrate import migrate as command


def test_command_checks_upgrades_downgrades_and_prints(empty_url: str) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        environment = {"CREWKIT_GIT_DATABASE_URL": empty_url, "CREWKIT_GIT_ENVIRONMENT": "development"}
        done = CliRunner().invoke(command, arguments, env=environment)
        return done.exit_code, done.output

    up_to_date = f"The database is up to date at revision {newest()}."
    code, output = run("--check")
    assert code == 1
    assert re.findall(r"^Missing (\d+): \S", output, re.MULTILINE) == revisions()
    code, output = run()
    assert code == 0
    assert re.findall(r"^Applied (\d+): \S", output, re.MULTILINE) == revisions()
    assert output.splitlines()[-1] == up_to_date
    assert run() == (0, f"Nothing to apply. {up_to_date}\n")
    assert run("--check") == (0, f"{up_to_date}\n")
    code, output = run("--down", "-1", "--yes")
    assert code == 0
    assert re.findall(r"^Reverted (\d+): \S", output, re.MULTILINE) == revisions()[-1:]
    assert output.splitlines()[-1] == f"The database is at revision {revisions()[-2]}."
    code, output = run("--down", "0001", "--yes")
    assert re.findall(r"^Reverted (\d+): \S", output, re.MULTILINE) == revisions()[-2:0:-1]
    assert output.splitlines()[-1] == "The database is at revision 0001."
    assert current(empty_url) == "0001"
    code, output = run("--down", "nowhere", "--yes")
    assert code == 1
    assert "nowhere" in output
    assert run("--down", "")[0] == 2
    assert run("--down", "0001", "--check")[0] == 2
    code, output = run("--sql")
    assert code == 0
    assert "CREATE TABLE git_webhook_events" in output


def test_downgrade_without_a_terminal_needs_yes(empty_url: str) -> None:
    """The message lists the data that would be lost, and nothing changes."""
    migrate(empty_url)
    environment = {"CREWKIT_GIT_DATABASE_URL": empty_url, "CREWKIT_GIT_ENVIRONMENT": "development"}
    done = CliRunner().invoke(command, ["--down", "base"], input="y\n", env=environment)
    assert done.exit_code == 1
    assert "permanently deletes all data" in done.output
    assert "Error: Nothing was changed, because there is no terminal" in done.output
    assert current(empty_url) == newest()


@pytest.mark.parametrize(("answer", "code", "revision"), [(b"n\n", 1, newest()), (b"y\n", 0, None)])
def test_downgrade_asks_at_a_terminal(empty_url: str, answer: bytes, code: int, revision: str | None) -> None:
    """With the database and the data that is lost; any other answer changes nothing."""
    migrate(empty_url)
    master, terminal = pty.openpty()
    try:
        os.write(master, answer)
        done = subprocess.run(
            [sys.executable, "-m", "entrypoints.cli.main", "migrate", "--down", "base"],
            env={**os.environ, "CREWKIT_GIT_DATABASE_URL": empty_url},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        os.close(master)
        os.close(terminal)
    assert done.returncode == code, done.stderr
    assert "permanently deletes all data" in done.stderr
    assert redact_url(empty_url) in done.stderr
    assert current(empty_url) == revision


def test_documented_statements_create_an_owner(empty_url: str) -> None:
    """Those of docs/deploy.md, with the documented id."""
    page = (Path(__file__).parents[3] / "docs" / "deploy.md").read_text()
    [statements] = re.findall(r"```sql\n(.+?)```", page, re.DOTALL)
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        for statement in filter(str.strip, statements.split(";")):
            statistics = connection.execute(statement)
        [(user,)] = statistics.fetchall()
        found = connection.execute(
            "SELECT users.external_id, role FROM memberships"
            " JOIN users ON users.id = user_id JOIN organizations ON organizations.id = organization_id"
        ).fetchall()
    assert found == [(user, "owner")]
