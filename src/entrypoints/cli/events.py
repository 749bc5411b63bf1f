import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from core.application import Application
from core.domain.actors import SystemActor
from core.domain.events import Event, EventStatus
from core.domain.source_keys import to_number
from core.use_cases.events.retry import MOST
from entrypoints.bootstrap.application import configure_command, open_application
from entrypoints.cli.durations import DURATION
from entrypoints.cli.refusals import refusals_told
from entrypoints.cli.replay import replay
from entrypoints.development.demo import running_demo, with_running_demo
from entrypoints.settings import Settings
from ports.events import EventFilter

T = TypeVar("T")

_OPERATOR = SystemActor("cli")
_STATUSES = click.Choice([status.value for status in EventStatus])


@click.group()
def events() -> None:
    """Look into the ledger of deliveries, and mend it."""


@events.command("list")
@click.option("--status", type=_STATUSES, help="Only events in this state.")
@click.option("--event", "event_type", help="Only this event type, such as push.")
@click.option("--since", type=DURATION, help="Only events received in the last so long: 90s, 15m, 2h, 3d.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_events(
    *, status: str | None, event_type: str | None, since: timedelta | None, limit: int, as_json: bool
) -> None:
    """List deliveries, newest first."""
    where = _filter(status, event_type, since)
    found = _call(lambda app: app.list_events(_OPERATOR, where=where, limit=limit))
    for event in found:
        click.echo(msgspec.json.encode(_summary(event)) if as_json else _line(event))
    if not found:
        click.echo("No such deliveries.", err=True)


@events.command()
@click.argument("delivery_id")
@click.option("--provider", default="github", show_default=True)
def show(delivery_id: str, provider: str) -> None:
    """Show one delivery whole, as JSON: envelope, verdicts, attempts, facts told, payload."""
    details = _call(lambda app: app.show_event(_OPERATOR, provider=provider, delivery_id=delivery_id))
    shown = {
        **_summary(details.event),
        "verdicts": details.event.verdicts,
        "domain_events": details.domain_events,
        "payload": msgspec.Raw(details.payload) if details.payload is not None else None,
    }
    click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2))


@events.command()
@click.argument("delivery_id", required=False)
@click.option("--provider", default="github", show_default=True)
@click.option("--status", type=_STATUSES, help="Without a delivery id: retry all in this state …")
@click.option("--event", "event_type", help="… of this event type …")
@click.option("--since", type=DURATION, help="… received in the last so long: 90s, 15m, 2h, 3d.")
def retry(
    *,
    delivery_id: str | None,
    provider: str,
    status: str | None,
    event_type: str | None,
    since: timedelta | None,
) -> None:
    """Process a failed, ignored or unrouted delivery again, or all that a filter finds."""
    if delivery_id:
        _call(lambda app: app.retry_event(_OPERATOR, provider=provider, delivery_id=delivery_id))
        click.echo("1 delivery is due again.")
        return
    if not status:
        raise click.UsageError("Name a delivery id, or --status failed, ignored or unrouted.")
    where = _filter(status, event_type, since)
    count = _call(lambda app: app.retry_events(_OPERATOR, where=where))
    click.echo(f"{count} deliveries are due again.")
    if count >= MOST:
        click.echo(f"That is the most at once, the newest: run it again for more than {MOST}.", err=True)


@events.command("replay")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--url", help="The running service; by default the one `up` runs.")
@click.option("--new-ids", is_flag=True, help="Give new delivery ids, so that nothing is a duplicate.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True)
@click.option(
    "--repeat", type=click.IntRange(1, 1000), default=1, show_default=True, help="Send all so often."
)
def replay_files(
    *, paths: tuple[Path, ...], url: str | None, new_ids: bool, concurrency: int, repeat: int
) -> None:
    """Sign payload files and post them to a running service.

    A file's event is its folder's name. The delivery id is made of event and body, so a second run
    meets duplicates. The secret is the first of CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS, else the demo's.
    """
    settings = _settings("replay")
    demo = running_demo(settings.home)
    target = url or (demo.http_url if demo else None)
    missing = []
    if target is None:
        missing.append("No running service found: start one with `crewkit-git up`, or name it with --url.")
    if not settings.github_webhook_secrets:
        missing.append(
            "There is no secret to sign with: set CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS as the service has it."
        )
    if target is None or missing:
        raise click.ClickException("\n".join(missing))
    secret = settings.github_webhook_secrets[0].reveal()
    answers = asyncio.run(
        replay(paths, url=target, secret=secret, new_ids=new_ids, concurrency=concurrency, repeat=repeat)
    )
    for status, count in sorted(answers.items()):
        click.echo(f"{status}: {count}")
    if any(not status.startswith("2") for status in answers):
        sys.exit(1)


def _call(action: Callable[[Application], Awaitable[T]]) -> T:
    settings = _settings("events")
    configure_command(settings)

    async def run() -> T:
        async with open_application(settings) as application:
            return await action(application)

    with refusals_told(settings.database_url):
        return asyncio.run(run())


def _settings(process: str) -> Settings:
    with refusals_told():
        return Settings.from_environment(with_running_demo(os.environ), process=process)


def _filter(status: str | None, event_type: str | None, since: timedelta | None) -> EventFilter:
    return EventFilter(
        status=EventStatus(status) if status else None,
        event_type=event_type,
        since=datetime.now(UTC) - since if since else None,
    )


def _summary(event: Event) -> dict[str, object]:
    return {
        "delivery_id": event.delivery_id,
        "provider": event.provider,
        "event": event.event_type,
        "action": event.action,
        "installation_id": to_number(event.source_key) if event.source_key else None,
        "source_key": event.source_key,
        "repo_id": event.repo_id,
        "status": event.status.value,
        "reason": event.error_message,
        "attempts": event.attempts,
        "next_attempt_at": event.next_attempt_at if event.status is EventStatus.PENDING else None,
        "lane": event.lane,
        "source": event.source,
        "received_at": event.created_at,
        "processed_at": event.processed_at,
        "payload_length": event.payload_length,
    }


def _line(event: Event) -> str:
    what = f"{event.event_type}.{event.action}" if event.action else event.event_type
    received = event.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    reason = event.error_message or ", ".join(verdict.reason for verdict in event.verdicts)
    return f"{received}  {event.delivery_id:<36}  {event.status.value:<9}  {what:<32}  {reason}"
