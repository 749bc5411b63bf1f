import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta

import click

from entrypoints.bootstrap.application import configure_command
from entrypoints.bootstrap.doctor import open_checks
from entrypoints.cli.durations import DURATION
from entrypoints.cli.here import environment_here
from entrypoints.doctor.environment import readable
from entrypoints.doctor.findings import Finding, examine
from entrypoints.doctor.report import as_json, as_text, is_well
from entrypoints.settings import unknown


@click.command()
@click.option("--json", "json_wanted", is_flag=True, help="For programs.")
@click.option(
    "--timeout",
    type=DURATION,
    default=timedelta(seconds=10),
    show_default="10s",
    help="How long each check may take; all are made at once.",
)
def doctor(*, json_wanted: bool, timeout: timedelta) -> None:
    """Find out what is wrong with this installation, and what to do about it.

    Looks at settings, database, Redis, keys, clocks, and at the GitHub App. Exits with 1 if something is
    wrong; warnings and notes do not count.
    """
    findings = asyncio.run(_examine(environment_here(os.environ), timeout.total_seconds()))
    click.echo(as_json(findings) if json_wanted else as_text(findings))
    if not is_well(findings):
        sys.exit(1)


async def _examine(environment: Mapping[str, str], seconds: float) -> list[Finding]:
    settings, problems = readable(environment)
    configure_command(settings)
    async with open_checks(settings, problems, unknown(environment)) as checks:
        return await examine(checks, seconds=seconds)
