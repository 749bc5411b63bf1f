"""How events are printed: as a table for people, as JSON for programs."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import click
import msgspec

from core.domain.deliveries.source_key import to_number
from core.domain.events.event import EventStatus, WebhookEvent
from core.use_cases.events.list_events import EventPage
from core.use_cases.events.show_event import EventDetails

_HEADER = ("RECEIVED", "DELIVERY ID", "STATUS", "EVENT", "REPOSITORY", "REASON")
_STATUS_COLUMN = _HEADER.index("STATUS")
_COLORS = {
    EventStatus.PENDING: "cyan",
    EventStatus.PROCESSED: "green",
    EventStatus.FAILED: "red",
    EventStatus.IGNORED: "bright_black",
    EventStatus.UNROUTED: "yellow",
}


def table(page: EventPage) -> Iterator[str]:
    """Return a header and one line per event, with colors."""
    rows = [_row(event, page.repositories.get(event.id)) for event in page.events]
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    yield click.style(_join(_pad(_HEADER, widths)), bold=True)
    for event, row in zip(page.events, rows, strict=True):
        cells = _pad(row, widths)
        cells[_STATUS_COLUMN] = click.style(cells[_STATUS_COLUMN], fg=_COLORS[event.status])
        yield _join(cells)


def json_lines(page: EventPage) -> Iterator[bytes]:
    """Return one JSON object per event."""
    return (msgspec.json.encode(_to_json(event, page.repositories.get(event.id))) for event in page.events)


def details_json(details: EventDetails) -> bytes:
    """Return one event with everything that is stored of it."""
    facts = {
        **_to_json(details.event, details.repository),
        "attempt_history": details.attempts,
        "domain_events": details.domain_events,
        "payload": msgspec.Raw(details.payload) if details.payload is not None else None,
    }
    return msgspec.json.format(msgspec.json.encode(facts), indent=2)


def format_time(time: datetime) -> str:
    """Return a time in this machine's zone, with its offset from UTC."""
    return time.astimezone().isoformat(sep=" ", timespec="seconds")


def replace_controls(text: str) -> str:
    """Replace control characters, with which a sender could write to the reader's terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _row(event: WebhookEvent, repository: str | None) -> tuple[str, ...]:
    reasons = event.error_message or ", ".join(dict.fromkeys(verdict.reason for verdict in event.verdicts))
    cells = (
        format_time(event.created_at),
        event.delivery_id,
        event.status.value,
        f"{event.event_type}.{event.action}" if event.action else event.event_type,
        repository or event.repo_id or "-",
        reasons or "-",
    )
    return tuple(map(replace_controls, cells))


def _pad(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]


def _join(cells: Sequence[str]) -> str:
    return "  ".join(cells).rstrip()


def _to_json(event: WebhookEvent, repository: str | None) -> dict[str, object]:
    return {
        "delivery_id": event.delivery_id,
        "provider": event.provider,
        "event": event.event_type,
        "action": event.action,
        "installation_id": to_number(event.source_key) if event.source_key else None,
        "source_key": event.source_key,
        "repo_id": event.repo_id,
        "repository": repository,
        "status": event.status.value,
        "reason": event.error_message,
        "verdicts": event.verdicts,
        "attempts": event.attempts,
        "next_attempt_at": event.next_attempt_at if event.status is EventStatus.PENDING else None,
        "lane": event.lane,
        "source": event.source,
        "received_at": event.created_at,
        "processed_at": event.processed_at,
        "payload_length": event.payload_length,
    }
