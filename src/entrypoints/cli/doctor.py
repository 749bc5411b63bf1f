import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from entrypoints.cli.click_extensions import DURATION

if TYPE_CHECKING:
    from entrypoints.doctor.findings import Finding


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option(
    "--timeout",
    type=DURATION,
    default="10s",
    show_default=True,
    help="How long each check may take. All checks run at the same time.",
)
def doctor(*, as_json: bool, timeout: timedelta) -> None:
    """Check this installation, and show how to fix each problem.

    Checks settings, database, Redis, keys, clocks and the GitHub App. Exits with 1 if a check fails. Warnings
    and notes do not change the exit code.
    """
    import asyncio

    from entrypoints.cli.environment import explain_how_to_start_demo
    from entrypoints.doctor import report
    from entrypoints.doctor.checks.settings import has_unreadable_settings

    findings = asyncio.run(_examine(timeout.total_seconds()))
    click.echo(report.as_json(findings) if as_json else report.as_text(findings))
    if has_unreadable_settings(findings) and (hint := explain_how_to_start_demo(os.environ)):
        click.echo(f"\n{hint}", err=True)
    if not report.is_well(findings):
        sys.exit(1)


async def _examine(timeout_seconds: float) -> "list[Finding]":
    from entrypoints.bootstrap.application import configure_command
    from entrypoints.development.running_demo import with_running_demo
    from entrypoints.doctor.checks import open_checks
    from entrypoints.doctor.findings import examine
    from entrypoints.settings.checks import find_unknown_variables
    from entrypoints.settings.settings import Settings

    environment = with_running_demo(os.environ)
    settings, problems = Settings.readable_part(environment)
    configure_command(settings)
    async with open_checks(settings, problems, find_unknown_variables(environment)) as checks:
        return await examine(checks, seconds=timeout_seconds)
