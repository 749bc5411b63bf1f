import importlib

import click

from entrypoints.cli.click_extensions import WholeTextGroup
from entrypoints.process.limits import collect_rarely

# Imported on demand: `token` must not load what the workers need. These modules
# only declare commands. They import what a command needs when it runs, so that `--help` answers fast.
COMMANDS = {
    "api": "processes:api",
    "grpc": "processes:grpc",
    "worker": "processes:worker",
    "scheduler": "processes:scheduler",
    "migrate": "migrate:migrate",
    "doctor": "doctor:doctor",
    "register-app": "register_app:register_app",
    "keys": "keys:keys",
    "token": "token:token",
    "events": "events:events",
    "recover-deliveries": "events:recover_deliveries",
}


class _Commands(WholeTextGroup):
    """A group whose commands live in sibling modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(f"entrypoints.cli.{module}"), name)
        return command


@click.group(cls=_Commands)
@click.version_option(package_name="crewkit-git", help="Show the version and exit.")
def main() -> None:
    """Run, inspect and repair crewkit's Git integration service."""


def run() -> None:
    """Run the command of the process's arguments."""
    collect_rarely()
    main()


if __name__ == "__main__":
    run()
