import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.domain.events import EventStatus
from entrypoints.cli.durations import DURATION
from entrypoints.cli.groups import WholeTextGroup

if TYPE_CHECKING:
    from ports.events import EventFilter

_STATUSES = click.Choice([status.value for status in EventStatus])
_PROVIDER = click.option(
    "--provider", default="github", show_default=True, help="The provider that sent the delivery."
)


@click.group(cls=WholeTextGroup)
def events() -> None:
    """List, show, retry and replay webhook deliveries."""


@events.command("list")
@click.option("--status", type=_STATUSES, help="Only events with this status.")
@click.option("--event", "event_type", help="Only this event type, such as push.")
@click.option(
    "--since", type=DURATION, help="Only events received within this duration, such as 15m, 2h or 3d."
)
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=50,
    show_default=True,
    help="The maximum number of events.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def list_events(
    *, status: str | None, event_type: str | None, since: timedelta | None, limit: int, as_json: bool
) -> None:
    """List deliveries, newest first, with the result and reasons of each."""
    from entrypoints.cli import event_report
    from entrypoints.cli.application import OPERATOR, call_application

    where = _filter(status, event_type, since)
    listed = call_application("events", lambda app: app.list_events(OPERATOR, where=where, limit=limit))
    if not listed:
        click.echo("No deliveries match. Change or remove a filter.", err=True)
    elif as_json:
        for encoded in event_report.json_lines(listed):
            click.echo(encoded)
    else:
        # Without a terminal, click removes the colors.
        for line in event_report.table(listed):
            click.echo(line, color=False if os.environ.get("NO_COLOR") else None)


@events.command()
@click.argument("delivery_id")
@_PROVIDER
def show(delivery_id: str, provider: str) -> None:
    """Show one delivery as JSON: attributes, verdicts, domain events and payload.

    DELIVERY_ID can be the first characters of an id, if they are unique.
    """
    from entrypoints.cli.delivery_commands import show_delivery
    from entrypoints.cli.event_report import details_json

    click.echo(details_json(show_delivery(provider, delivery_id)))


@events.command()
@click.argument("delivery_id", required=False)
@_PROVIDER
@click.option(
    "--status", type=_STATUSES, help="Retry all deliveries with this status. Not with a delivery id."
)
@click.option("--event", "event_type", help="With --status: only this event type, such as push.")
@click.option(
    "--since",
    type=DURATION,
    help="With --status: only events received within this duration, such as 15m, 2h or 3d.",
)
def retry(
    *,
    delivery_id: str | None,
    provider: str,
    status: str | None,
    event_type: str | None,
    since: timedelta | None,
) -> None:
    """Retry a failed, ignored or unrouted delivery, or all deliveries that match a filter.

    DELIVERY_ID can be the first characters of an id, if they are unique.
    """
    from core.use_cases.events.retry import MOST
    from entrypoints.cli.application import OPERATOR, call_application
    from entrypoints.cli.delivery_commands import retry_delivery

    if delivery_id is not None:
        click.echo(f"Delivery {retry_delivery(provider, delivery_id)} will be processed again.")
        return
    if not status:
        raise click.UsageError("Pass a delivery id, or --status with failed, ignored or unrouted.")
    where = _filter(status, event_type, since)
    count = call_application("events", lambda app: app.retry_events(OPERATOR, where=where))
    click.echo(f"{count} deliveries will be processed again.")
    if count >= MOST:
        click.echo(
            f"This is the maximum per run: the {MOST} newest. Run the command again for older deliveries.",
            err=True,
        )


@events.command("replay")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--url", help="The URL of the running service. Default: the service that `up` runs.")
@click.option("--new-ids", is_flag=True, help="Use new delivery ids, so that no delivery is a duplicate.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="How many deliveries are sent at the same time.",
)
@click.option(
    "--repeat",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="How many times all files are sent.",
)
def replay_files(
    *, paths: tuple[Path, ...], url: str | None, new_ids: bool, concurrency: int, repeat: int
) -> None:
    """Sign payload files and send them to a running service.

    The name of a file's folder is its event type. The delivery id is computed from event type and body, so a
    second run sends duplicates. Deliveries are signed with the first secret of
    CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS. If that is not set, the secret of the running demo is used.
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
