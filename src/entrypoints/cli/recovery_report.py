"""Report what a run of `crewkit-git recover-deliveries` compared and fetched."""

import click

from core.domain.deliveries.recovery import DELIVERY_GRACE
from core.use_cases.deliveries.fetch_missing import MAX_FETCHES
from core.use_cases.deliveries.recover_deliveries import HELD_ELSEWHERE, NO_DELIVERY_LOG, RecoveryReport

_WHY_STOPPED = {
    HELD_ELSEWHERE: (
        "Another process, such as the scheduler, is fetching missing deliveries. Run this command again in a minute."
    ),
    "calls_used_up": ("Stopped, because half of the app's hourly rate limit is used. Later runs fetch the rest."),
    "too_many_failures": "Stopped after too many failed fetches. Later runs fetch the rest.",
    "provider_unavailable": "Stopped, because the provider does not respond. Later runs fetch the rest.",
    "provider_rate_limited": ("Stopped, because the provider's rate limit is used up. Later runs fetch the rest."),
    "provider_app_refused": (
        "Stopped, because the provider rejected the app's credentials. Check the app id, the private key and "
        "this machine's clock."
    ),
    "not_visible_on_provider": (
        "Stopped, because the provider has no delivery log for the app. Check that its webhook is active."
    ),
}
_WHY_STILL_MISSING = (
    f"A run fetches at most {MAX_FETCHES} deliveries, and tries a delivery that could not be fetched again after "
    "5 minutes or more. Run this command again, or wait: the scheduler runs it every five minutes."
)


def print_report(name: str, report: RecoveryReport, *, dry_run: bool) -> None:
    """Print what one run did at one provider."""
    if report.stopped_by == NO_DELIVERY_LOG:
        click.echo(f"{name}: this provider does not have a delivery log.")
        return
    _show_reading(name, report)
    # The other process reports what is missing.
    if report.stopped_by != HELD_ELSEWHERE:
        _show_fetching(report, dry_run=dry_run)
    if report.stopped_by:
        why = f"Stopped: {report.stopped_by}. docs/reference/error-codes.md explains this code."
        click.echo(_WHY_STOPPED.get(report.stopped_by, why), err=True)
    elif report.missing and not dry_run:
        click.echo(_WHY_STILL_MISSING, err=True)


def _show_reading(name: str, report: RecoveryReport) -> None:
    if report.compared:
        click.echo(f"{name}: checked {report.looked_at} deliveries.")
    elif report.looked_at:
        click.echo(f"{name}: checked {report.looked_at} deliveries, but not the rest of the log.")
    else:
        click.echo(f"{name}: did not check the log.")
    if report.too_young:
        click.echo(
            f"Left for the next run, because they are at most {DELIVERY_GRACE.total_seconds():.0f} seconds old "
            f"and may still arrive: {report.too_young}."
        )
    if report.found:
        types = ", ".join(f"{count} {event}" for event, count in sorted(report.found.items()))
        click.echo(f"New missing deliveries: {types}.")


def _show_fetching(report: RecoveryReport, *, dry_run: bool) -> None:
    if not report.compared:
        click.echo(f"Missing from earlier runs: {report.missing}. No delivery was fetched.")
    elif dry_run:
        click.echo(f"Missing: {report.missing}. Nothing was changed (dry run).")
    else:
        click.echo(f"Recovered: {report.recovered}. Still missing: {report.missing}.")
    if report.redelivered:
        click.echo(f"Could not be fetched, so a redelivery was requested: {report.redelivered}.")
    if report.given_up:
        click.echo(f"Not fetched again, because the provider deleted them or they cannot be read: {report.given_up}.")
    if report.compared_until:
        until = report.compared_until.astimezone().isoformat(sep=" ", timespec="seconds")
        click.echo(f"The log was checked up to {until}.")
