"""Rows of `git_webhook_events` (as `e`)."""

from datetime import datetime

import msgspec
from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.rows.event_attempts import BEGIN_NEXT, KEEP_LAST, LAST_ATTEMPT
from adapters.postgres.rows.mapping import Column, RowMapping
from adapters.postgres.rows.sql import render
from core.domain.events.event import BEFORE_BINDING, RETRYABLE, UNROUTED_LIFETIME, Verdict, WebhookEvent
from core.domain.events.summary import EventSummary

# A source key that is a number, as at GitHub, is in `installation_id`; any other key is in `source_key`. The
# table of release 0.1.0 has no `source_key`: there the name means that of `absent`, which is null.
SOURCE_KEY = SQL("""
    coalesce(e.installation_id::text, (
        SELECT keyed.source_key
        FROM (VALUES (NULL::text)) AS absent (source_key)
        CROSS JOIN LATERAL (SELECT source_key FROM git_webhook_events AS w WHERE w.id = e.id) AS keyed
    ))
""")


_verdicts = msgspec.json.Decoder(tuple[Verdict, ...])
_summary = msgspec.json.Decoder(EventSummary)


def _load_verdicts(text: str | None) -> tuple[Verdict, ...]:
    return _verdicts.decode(text) if text else ()


def _load_summary(text: str | None) -> EventSummary | None:
    return _summary.decode(text) if text else None


EVENTS = RowMapping(
    WebhookEvent,
    "e",
    {
        "source_key": Column(expression=SOURCE_KEY),
        "integration_id": Column("git_integration_id"),
        "verdicts": Column(expression=SQL("e.verdicts::text"), load=_load_verdicts),
        "summary": Column(expression=SQL("e.summary::text"), load=_load_summary),
    },
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
    WITH reopened AS (
        SELECT e.id, {last_attempt} FROM git_webhook_events AS e
        WHERE e.id = ANY(%(ids)s::bigint[]) AND {may_reopen}
        ORDER BY e.delivery_id, e.provider
        FOR UPDATE OF e
    ),
    kept AS ({keep_last})
    UPDATE git_webhook_events AS e
    SET {begin_next}, next_attempt_at = %(now)s, requested_by = %(requested_by)s, updated_at = now()
    FROM reopened
    WHERE e.id = reopened.id
    RETURNING e.id
    """,
    may_reopen=MAY_REOPEN,
    last_attempt=LAST_ATTEMPT,
    keep_last=KEEP_LAST,
    begin_next=BEGIN_NEXT,
)


def may_reopen_at(now: datetime) -> dict[str, object]:
    """Return the parameters of `MAY_REOPEN`."""
    return {
        "retryable": Texts([status.value for status in RETRYABLE]),
        "never": BEFORE_BINDING,
        "oldest": now - UNROUTED_LIFETIME,
    }
