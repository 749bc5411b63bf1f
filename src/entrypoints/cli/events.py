import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.domain.events.event import RETRYABLE, EventStatus
from entrypoints.cli.click_extensions import DURATION, WholeTextGroup

if TYPE_CHECKING:
    from ports.events import EventFilter


_STATUSES = click.Choice([status.value for status in EventStatus])
_RETRYABLE = click.Choice([status.value for status in EventStatus if status in RETRYABLE])
_PROVIDER = click.option("--provider", default="github", show_default=True, help="The provider that sent the webhook.")


@click.group(cls=WholeTextGroup)
def events() -> None:
    """List, show and retry webhook events, and replay webhook deliveries."""


@events.command("list")
@click.option("--status", type=_STATUSES, help="Only webhook events with this status.")
@click.option("--event", "event_type", help="Only this event type, such as push.")
@click.option(
    "--since", type=DURATION, help="Only webhook events received within this duration, such as 15m, 2h or 3d."
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="The maximum number of webhook events."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_events(
    *, status: str | None, event_type: str | None, since: timedelta | None, limit: int, as_json: bool
) -> None:
    """List webhook events, newest first, with the status and reason of each."""
    from core.use_cases.events.scope import ALL_ORGANIZATIONS
    from entrypoints.cli import event_report
    from entrypoints.cli.application import OPERATOR, call_application

    where = _filter(status, event_type, since)
    page = call_application(
        "events",
        lambda app: app.events.list(OPERATOR, ALL_ORGANIZATIONS, where=where, limit=limit, with_repositories=True),
    )
    if not page.events:
        click.echo("No webhook events were found. If you used a filter, change or remove it.", err=True)
    elif as_json:
        for encoded in event_report.json_lines(page):
            click.echo(encoded)
    else:
        # Without a terminal, click removes the colors.
        for line in event_report.table(page):
            click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


@events.command()
@click.argument("delivery_id")
@_PROVIDER
def show(delivery_id: str, provider: str) -> None:
    """Show one webhook event as JSON: attributes, verdicts, domain events and payload.

    DELIVERY_ID is the id in `crewkit-git events list`. Its first characters are enough if they are unique.
    """
    from entrypoints.cli.application import show_delivery
    from entrypoints.cli.event_report import details_json

    click.echo(details_json(show_delivery(provider, delivery_id)))


@events.command()
@click.argument("delivery_id", required=False)
@_PROVIDER
@click.option(
    "--status",
    type=_RETRYABLE,
    help="Retry all webhook events with this status. Cannot be combined with a delivery id.",
)
@click.option("--event", "event_type", help="With --status: only this event type, such as push.")
@click.option(
    "--since",
    type=DURATION,
    help="With --status: only webhook events received within this duration, such as 15m, 2h or 3d.",
)
@click.option("--dry-run", is_flag=True, help="Only show how many webhook events would be retried.")
def retry(
    *,
    delivery_id: str | None,
    provider: str,
    status: str | None,
    event_type: str | None,
    since: timedelta | None,
    dry_run: bool,
) -> None:
    """Retry a failed, ignored or unrouted webhook event, or all that match a filter.

    Many webhook events are retried in steps of 1,000, the newest first.

    DELIVERY_ID is the id in `crewkit-git events list`. Its first characters are enough if they are unique.
    """
    from entrypoints.cli.application import retry_delivery
    from entrypoints.cli.retries import preview_all, retry_all

    will = "would" if dry_run else "will"
    if delivery_id is not None:
        whole_id = retry_delivery(provider, delivery_id, dry_run=dry_run)
        click.echo(f"The webhook event {whole_id} {will} be processed again.")
        return
    if not status:
        raise click.UsageError("Pass a delivery id, or --status with failed, ignored or unrouted.")
    where = _filter(status, event_type, since)
    if dry_run:
        preview_all(where)
    else:
        retry_all(where)


@events.command("replay")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--url", help="The URL of the running service. Default: the service that `make run` started.")
@click.option(
    "--new-ids",
    is_flag=True,
    help="Use new delivery ids, so that the service does not treat a delivery as a duplicate.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="How many deliveries are sent at the same time.",
)
@click.option(
    "--repeat", type=click.IntRange(1, 1000), default=1, show_default=True, help="How many times all files are sent."
)
def replay_files(*, paths: tuple[Path, ...], url: str | None, new_ids: bool, concurrency: int, repeat: int) -> None:
    """Sign payload files and send them to a running service.

    The name of the folder that contains a file is the event type. The delivery id is computed from event type
    and body, so a second run sends duplicates, which change nothing. Deliveries are signed with the first
    secret of CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS. If this variable is not set, the secret of the running demo
    is used.
    """
    import asyncio

    from entrypoints.cli.replay import Replay, find_target

    replay = Replay(find_target(url), new_ids=new_ids, concurrency=concurrency, shows_progress=True)
    answers = asyncio.run(replay.send(paths, repeat=repeat))
    for status, count in sorted(answers.items()):
        click.echo(f"{status}: {count}")
    if any(not status.startswith("2") for status in answers):
        sys.exit(1)


def _filter(status: str | None, event_type: str | None, since: timedelta | None) -> "EventFilter":
    from datetime import UTC, datetime

    from ports.events import EventFilter

    return EventFilter(
        status=EventStatus(status) if status else None,
        event_type=event_type,
        since=datetime.now(UTC) - since if since else None,
    )


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
