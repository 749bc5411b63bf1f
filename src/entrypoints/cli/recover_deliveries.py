import sys
from datetime import timedelta

import click

from entrypoints.cli.durations import DURATION


@click.command("recover-deliveries")
@click.option(
    "--since",
    type=DURATION,
    help="Check the delivery log at least this far back, such as 2h or 3d, even if an earlier run did.",
)
@click.option("--dry-run", is_flag=True, help="Only show which deliveries are missing.")
def recover_deliveries(*, since: timedelta | None, dry_run: bool) -> None:
    """Fetch deliveries that are in the provider's delivery log but were not received.

    The scheduler does this every five minutes. Exits with 1 if a delivery is still missing.
    """
    from entrypoints.cli.application import call_application
    from entrypoints.cli.recovery_report import print_report

    reports = call_application("recover-deliveries", lambda app: app.deliveries.recover(since=since, dry_run=dry_run))
    for provider, report in reports.items():
        print_report(provider, report, dry_run=dry_run)
    if not all(report.is_complete for report in reports.values()):
        sys.exit(1)
