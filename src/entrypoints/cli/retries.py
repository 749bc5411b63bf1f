"""Retries of all webhook events that match a filter, for `crewkit-git events retry`."""

import click

from core.application import Application
from core.domain.events.views import EventView
from core.use_cases.events.list_events import EventPage
from core.use_cases.events.retry_events import MAX_COUNTED
from core.use_cases.events.scope import ALL_ORGANIZATIONS
from entrypoints.cli import event_report
from entrypoints.cli.application import OPERATOR, call_application
from entrypoints.doctor.findings import format_count
from ports.events import EventFilter


def preview_all(where: EventFilter) -> None:
    """Print how many webhook events would be processed again, and the newest of them."""
    preview = call_application(
        "events", lambda app: app.events.preview_retries(OPERATOR, ALL_ORGANIZATIONS, where=where)
    )
    at_least = "At least " if preview.count >= MAX_COUNTED else ""
    click.echo(f"{at_least}{format_count(preview.count, 'webhook event')} would be processed again.")
    if preview.sample:
        click.echo("The newest of them:")
        for line in event_report.table(EventPage([EventView(event) for event in preview.sample], None, {})):
            click.echo(line)


def retry_all(where: EventFilter) -> None:
    """Retry all matching webhook events in steps, and print their number after each step."""

    async def run(application: Application) -> int:
        total, before = 0, None
        while True:
            done = await application.events.retry_many(OPERATOR, ALL_ORGANIZATIONS, where=where, before=before)
            total, before = total + done.result.count, done.result.next
            if before is None:
                return total
            click.echo(f"{format_count(total, 'webhook event')} so far.", err=True)

    total = call_application("events", run)
    click.echo(f"{format_count(total, 'webhook event')} will be processed again.")
