"""Call the application from a command."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import click

from core.application import Application
from core.domain.actors import SystemActor
from core.domain.events.event import WebhookEvent
from core.use_cases.events.scope import ALL_ORGANIZATIONS
from core.use_cases.events.show_event import EventDetails
from entrypoints.bootstrap.application import configure_command, open_application
from entrypoints.cli.environment import read_settings, readable_errors
from entrypoints.cli.event_report import format_time, replace_controls

OPERATOR = SystemActor("cli")

T = TypeVar("T")


def call_application(process: str, action: Callable[[Application], Awaitable[T]]) -> T:
    """Open the application with the settings of this process, and return what the action returns."""
    settings = read_settings(process)
    configure_command(settings)

    async def run() -> T:
        async with open_application(settings) as application:
            return await action(application)

    with readable_errors(settings.database_url):
        return asyncio.run(run())


_MAX_CANDIDATES = 10


async def resolve_delivery_id(application: Application, provider: str, prefix: str) -> str:
    """Return the id of the only delivery whose id is or begins with this text, or end the command."""
    if not prefix:
        raise click.UsageError("The delivery id is empty. `crewkit-git events list` shows the ids.")
    events = await application.events.list_by_prefix(
        OPERATOR, provider=provider, prefix=prefix, limit=_MAX_CANDIDATES + 1
    )
    if not events:
        raise click.ClickException(
            f"No delivery from {provider} has an id that starts with {prefix}. "
            "`crewkit-git events list` shows the ids. (event_not_found)"
        )
    if len(events) > 1:
        raise click.ClickException(
            f"More than one delivery id starts with {prefix}. Use more characters of one of these:\n"
            + "\n".join(_candidates(events))
        )
    return events[0].delivery_id


def _candidates(events: Sequence[WebhookEvent]) -> list[str]:
    lines = [
        f"  {replace_controls(event.delivery_id)}  {format_time(event.created_at)}  {event.status.value:<9}  "
        f"{replace_controls(event.event_type)}"
        for event in events[:_MAX_CANDIDATES]
    ]
    return [*lines, "  … and more"] if len(events) > _MAX_CANDIDATES else lines


def show_delivery(provider: str, prefix: str) -> EventDetails:
    """Return the delivery whose id is or begins with this text, or end the command."""

    async def show(application: Application) -> EventDetails:
        delivery_id = await resolve_delivery_id(application, provider, prefix)
        return await application.events.show(
            OPERATOR, ALL_ORGANIZATIONS, delivery_id, provider=provider, with_results=True
        )

    return call_application("events", show)


def retry_delivery(provider: str, prefix: str, *, dry_run: bool) -> str:
    """Make the delivery whose id is or begins with this text due, and return its whole id.

    With `dry_run`, only check that the delivery can be retried.
    """

    async def retry(application: Application) -> str:
        delivery_id = await resolve_delivery_id(application, provider, prefix)
        await application.events.retry(OPERATOR, ALL_ORGANIZATIONS, delivery_id, provider=provider, dry_run=dry_run)
        return delivery_id

    return call_application("events", retry)
