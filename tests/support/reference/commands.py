"""The tables of the command line."""

from collections.abc import Iterator

import click

from entrypoints.cli.main import main
from tests.support.reference.tables import code, table

_NAME = "crewkit-git"


def commands() -> str:
    """Return the table of all commands and subcommands, with their arguments."""
    rows = ((code(_usage(name, command)), _summary(command)) for name, command in _walk(_NAME, main))
    return table(("Command", "Description"), rows)


def options() -> str:
    """Return a heading and a table of options for each command that has some."""
    chapters = []
    for name, command in _walk(_NAME, main):
        rows = [_option(command, each) for each in command.params if isinstance(each, click.Option)]
        if rows:
            chapters.append(f"## {name}\n\n{table(('Option', 'Default', 'Description'), rows)}")
    return "\n\n".join(chapters)


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is not a group, with its whole name."""
    if not isinstance(command, click.Group):
        yield name, command
        return
    context = click.Context(command)
    for child in command.list_commands(context):
        found = command.get_command(context, child)
        assert found is not None
        yield from _walk(f"{name} {child}", found)


def _usage(name: str, command: click.Command) -> str:
    context = click.Context(command)
    arguments = (each.make_metavar(context) for each in command.params if isinstance(each, click.Argument))
    return " ".join((name, *arguments))


def _summary(command: click.Command) -> str:
    return (command.help or "").partition("\n\n")[0]


def _option(command: click.Command, option: click.Option) -> tuple[str, str, str]:
    context = click.Context(command)
    names = ", ".join((*option.opts, *option.secondary_opts))
    value = "" if option.is_flag else f" {option.make_metavar(context)}"
    default = option.get_help_extra(context).get("default", "").strip("()")
    return code(names + value), code(default), option.help or ""
