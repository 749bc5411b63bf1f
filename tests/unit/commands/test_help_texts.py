"""`--help` answers fast, in whole sentences, for every command."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from entrypoints.cli.main import main

_COLUMNS = 80
# CPU time, because wall time would depend on what else the machine does.
_MAX_CPU_SECONDS = 0.5
# Each of these takes longer to import than everything that help needs.
_HEAVY_LIBRARIES = frozenset(
    {
        *("alembic", "asyncio", "authlib", "cryptography", "google", "grpc", "httpx", "jwt", "msgspec", "oso"),
        *("prometheus_client", "psycopg", "redis", "rq", "sentry_sdk", "sqlalchemy", "starlette", "structlog"),
        *("urllib.request", "uvicorn"),
    }
)
_PROGRAM = """
import sys
from entrypoints.cli.main import main
try:
    main(prog_name="crewkit-git")
finally:
    print(*sys.modules, file=sys.stderr)
"""


def _commands(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _commands(child, *path, name)


def _command(path: tuple[str, ...]) -> click.Command:
    found: click.Command = main
    for name in path:
        assert isinstance(found, click.Group)
        child = found.get_command(click.Context(found), name)
        assert child is not None
        found = child
    return found


def _texts(command: click.Command) -> Iterator[str]:
    """Return every text that the command's help must contain whole."""
    yield command.help or ""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield parameter.help or ""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield (child.help or "").partition("\n\n")[0]


def _without_spaces(text: str) -> str:
    return "".join(text.split())


@pytest.mark.slow
@pytest.mark.parametrize("path", list(_commands(main)), ids=lambda path: " ".join(path) or "crewkit-git")
def test_help_is_complete_and_fast(path: tuple[str, ...]) -> None:
    """At 80 columns, without heavy imports, with little CPU time."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *path, "--help"],
        env={**os.environ, "COLUMNS": str(_COLUMNS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stderr
    with process.stdout, process.stderr:
        shown, modules = process.stdout.read(), process.stderr.read().split()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)

    assert process.returncode == 0
    assert [line for line in shown.splitlines() if len(line) > _COLUMNS] == []
    squeezed = _without_spaces(shown)
    command = _command(path)
    assert [text for text in _texts(command) if _without_spaces(text) not in squeezed] == []
    assert [one.name for one in command.params if isinstance(one, click.Option) and not one.help] == []
    assert _HEAVY_LIBRARIES.intersection(modules) == set()
    assert usage.ru_utime + usage.ru_stime < _MAX_CPU_SECONDS
