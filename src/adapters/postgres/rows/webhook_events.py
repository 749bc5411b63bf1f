"""Rows of `git_webhook_events` (as `e`) as webhook events: select `COLUMNS`, then call `event`."""

from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.session import Row
from adapters.postgres.rows.columns import select_list
from core.domain.events.event import EventStatus, Verdict, WebhookEvent
from core.domain.identifiers import EventId, IntegrationId, ProjectId, RepoId

# A source key that is a number, as at GitHub, is in `installation_id`; any other key is in `source_key`. The
# table of release 0.1.0 has no `source_key`: there the name means that of `absent`, which is null.
SOURCE_KEY = SQL("""
    coalesce(e.installation_id::text, (
        SELECT keyed.source_key
        FROM (VALUES (NULL::text)) AS absent (source_key)
        CROSS JOIN LATERAL (SELECT source_key FROM git_webhook_events AS w WHERE w.id = e.id) AS keyed
    ))
""")


class _EventRow(NamedTuple):
    id: EventId
    provider: str
    delivery_id: str
    event_type: str
    action: str | None
    lane: int
    source_key: str | None
    status: str
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    repo_id: RepoId | None
    source: str
    git_integration_id: IntegrationId | None
    project_ids: list[ProjectId] | None
    error_message: str | None
    verdicts: str | None
    processed_at: datetime | None
    payload_length: int


COLUMNS = select_list("e", _EventRow._fields, {"source_key": SOURCE_KEY, "verdicts": SQL("e.verdicts::text")})

_STATUS = {status.value: status for status in EventStatus}
_verdicts = msgspec.json.Decoder(tuple[Verdict, ...])


def event(row: Row) -> WebhookEvent:
    """Return the webhook event of a row of `COLUMNS`."""
    values = _EventRow._make(row)
    return WebhookEvent(
        id=values.id,
        provider=values.provider,
        delivery_id=values.delivery_id,
        event_type=values.event_type,
        action=values.action,
        lane=values.lane,
        source_key=values.source_key,
        status=_STATUS[values.status],
        attempts=values.attempts,
        next_attempt_at=values.next_attempt_at,
        created_at=values.created_at,
        repo_id=values.repo_id,
        source=values.source,
        integration_id=values.git_integration_id,
        project_ids=tuple(values.project_ids or ()),
        error_message=values.error_message,
        verdicts=_verdicts.decode(values.verdicts) if values.verdicts else (),
        processed_at=values.processed_at,
        payload_length=values.payload_length,
    )
