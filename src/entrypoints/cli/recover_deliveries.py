import asyncio
import os
import sys
from collections.abc import Mapping
from datetime import timedelta

import click

from core.domain.recoveries import ON_ITS_WAY
from core.use_cases.recovery.recover import HELD_ELSEWHERE, NO_DELIVERY_LOG, RecoveryReport
from entrypoints.bootstrap.application import configure_command, open_application
from entrypoints.cli.durations import DURATION
from entrypoints.cli.refusals import refusals_told
from entrypoints.development.demo import with_running_demo
from entrypoints.settings import Settings

_WHY_STOPPED = {
    HELD_ELSEWHERE: "Another process is recovering just now: run it again when that is done.",
    "calls_used_up": "Half of the app's calls of this hour are used: the rest is fetched in later runs.",
    "too_many_failures": "Too many could not be fetched: the rest is fetched in later runs.",
    "provider_unavailable": "The provider does not answer: what is missing is fetched when it does.",
    "provider_rate_limited": "The provider asks us to wait: the rest is fetched in later runs.",
    "provider_app_refused": "The provider refuses our app: check its id, its private key and this clock.",
    "not_visible_on_provider": "The provider has no log for our app: is its webhook active?",
}


@click.command("recover-deliveries")
@click.option(
    "--since", type=DURATION, help="Look at least so far back, also where all was compared before: 2h, 3d."
)
@click.option("--dry-run", is_flag=True, help="Only tell what is missing.")
def recover_deliveries(*, since: timedelta | None, dry_run: bool) -> None:
    """Fetch deliveries that the provider has in its log and we have not in the ledger.

    The scheduler does this every five minutes. Exits with 1 where something is still missing.
    """
    with refusals_told():
        settings = Settings.from_environment(with_running_demo(os.environ), process="recover-deliveries")
    configure_command(settings)
    with refusals_told(settings.database_url):
        reports = asyncio.run(_recover(settings, since, dry_run=dry_run))
    for name, report in reports.items():
        _show(name, report, dry_run=dry_run)
    if not all(report.is_complete for report in reports.values()):
        sys.exit(1)


async def _recover(
    settings: Settings, since: timedelta | None, *, dry_run: bool
) -> Mapping[str, RecoveryReport]:
    async with open_application(settings) as application:
        return await application.recover_deliveries(since=since, dry_run=dry_run)


def _show(name: str, report: RecoveryReport, *, dry_run: bool) -> None:
    if report.stopped_by == NO_DELIVERY_LOG:
        click.echo(f"{name}: this provider keeps no log of deliveries.")
        return
    _show_reading(name, report)
    # Whoever else recovers knows what is missing.
    if report.stopped_by != HELD_ELSEWHERE:
        _show_fetching(report, dry_run=dry_run)
    if report.stopped_by:
        click.echo(_WHY_STOPPED.get(report.stopped_by, f"Ended early: {report.stopped_by}."), err=True)


def _show_reading(name: str, report: RecoveryReport) -> None:
    if report.compared:
        click.echo(f"{name}: looked at {report.looked_at} deliveries.")
    elif report.looked_at:
        click.echo(f"{name}: looked at {report.looked_at} deliveries, and not at the rest of the log.")
    else:
        click.echo(f"{name}: the log was not looked at.")
    if report.too_young:
        click.echo(
            "Left for the next run, since they may still be on their way "
            f"({ON_ITS_WAY.total_seconds():.0f} seconds old at most): {report.too_young}."
        )
    if report.found:
        types = ", ".join(f"{count} {event}" for event, count in sorted(report.found.items()))
        click.echo(f"Newly found missing: {types}.")


def _show_fetching(report: RecoveryReport, *, dry_run: bool) -> None:
    if not report.compared:
        click.echo(f"Known to be missing: {report.missing}. Nothing was fetched.")
    elif dry_run:
        click.echo(f"Missing: {report.missing}. Nothing was changed.")
    else:
        click.echo(f"Recovered: {report.recovered}. Still missing: {report.missing}.")
    if report.redelivered:
        click.echo(f"Could not be fetched, so asked to be sent again: {report.redelivered}.")
    if report.given_up:
        click.echo(
            f"Given up, since the provider has them no more or they cannot be read: {report.given_up}."
        )
    if report.compared_until:
        until = report.compared_until.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        click.echo(f"The log was compared up to {until}.")
