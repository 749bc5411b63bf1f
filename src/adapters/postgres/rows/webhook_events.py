"""Rows of `git_webhook_events` (as `e`) as webhook events: select `COLUMNS`, then call `event`."""

from datetime import datetime
from typing import NamedTuple

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.connection.session import Row
from adapters.postgres.rows.sql import render, select_list
from core.domain.events.event import BEFORE_BINDING, RETRYABLE, UNROUTED_LIFETIME, EventStatus, Verdict, WebhookEvent
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


# Requires a stored payload; a redelivery brings one.
MAY_REOPEN_WITH_PAYLOAD = SQL("""(
    e.status = ANY(%(retryable)s::text[])
    AND e.error_message IS DISTINCT FROM %(never)s
    AND CASE
        WHEN e.git_integration_id IS NULL THEN {source_key} IS NULL OR e.created_at >= %(oldest)s
        ELSE EXISTS (
            SELECT FROM git_integrations AS owner
            WHERE owner.id = e.git_integration_id AND owner.status <> 2
                AND owner.provider_id = {source_key}
        )
    END
)""").format(source_key=SOURCE_KEY)
MAY_REOPEN = SQL("(e.payload IS NOT NULL AND {})").format(MAY_REOPEN_WITH_PAYLOAD)
# All statements lock rows in the same order: a redelivery may lock the same ones.
REOPEN = render(
    """
    UPDATE git_webhook_events AS e
    SET status = 'pending', attempts = 0, next_attempt_at = %(now)s, verdicts = NULL, error_message = NULL,
        processed_at = NULL, updated_at = now()
    FROM (
        SELECT e.id FROM git_webhook_events AS e
        WHERE e.id = ANY(%(ids)s::bigint[]) AND {may_reopen}
        ORDER BY e.delivery_id, e.provider
        FOR UPDATE OF e
    ) AS reopened
    WHERE e.id = reopened.id
    RETURNING e.id
    """,
    may_reopen=MAY_REOPEN,
)


def may_reopen_at(now: datetime) -> dict[str, object]:
    """Return the parameters of `MAY_REOPEN`."""
    return {
        "retryable": Texts([status.value for status in RETRYABLE]),
        "never": BEFORE_BINDING,
        "oldest": now - UNROUTED_LIFETIME,
    }
