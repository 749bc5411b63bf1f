import os

import click

from entrypoints.cli.libraries import import_libraries


@click.command()
def sandbox() -> None:
    """Run a sandbox GitHub on this machine, for development and tests."""
    import_libraries()
    from entrypoints.local.embedded.errors import CannotStart
    from entrypoints.settings.settings import Settings, SettingsRefused
    from sandbox.server import SandboxRefused, run_sandbox

    try:
        run_sandbox(Settings.from_environment(os.environ, process="sandbox"))
    except (CannotStart, SandboxRefused, SettingsRefused) as refusal:
        raise click.ClickException(str(refusal)) from refusal
