"""Report what a run of `crewkit-git recover-deliveries` compared and fetched."""

import click

from core.domain.recoveries import ON_ITS_WAY
from core.use_cases.recovery.recover import HELD_ELSEWHERE, NO_DELIVERY_LOG, RecoveryReport

_WHY_STOPPED = {
    HELD_ELSEWHERE: "Another process is recovering just now: run it again when that is done.",
    "calls_used_up": "Half of the app's calls of this hour are used: the rest is fetched in later runs.",
    "too_many_failures": "Too many could not be fetched: the rest is fetched in later runs.",
    "provider_unavailable": "The provider does not answer: what is missing is fetched when it does.",
    "provider_rate_limited": "The provider asks us to wait: the rest is fetched in later runs.",
    "provider_app_refused": "The provider refuses our app: check its id, its private key and this clock.",
    "not_visible_on_provider": "The provider has no log for our app: is its webhook active?",
}


def print_report(name: str, report: RecoveryReport, *, dry_run: bool) -> None:
    """Print what one run did at one provider."""
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
        until = report.compared_until.astimezone().isoformat(sep=" ", timespec="seconds")
        click.echo(f"The log was compared up to {until}.")
