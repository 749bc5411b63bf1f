from collections.abc import Sequence

import click

from core.application import Application
from core.domain.events.event import WebhookEvent
from entrypoints.cli.application import OPERATOR
from entrypoints.cli.event_report import format_time, replace_controls

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
