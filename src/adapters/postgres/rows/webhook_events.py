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
# The counts are sorted, so that two lanes that write those of one integration do not deadlock. The factor is
# 4 / ln(2), as in `core.domain.events.metrics.classify_duration`.
RECORD_RESULTS = """
    WITH ended AS (
    UPDATE git_webhook_events AS e
    SET status = s.status,
        verdicts = s.verdicts,
        error_message = s.reason,
        git_integration_id = s.integration_id,
        project_repository_id = s.link_id,
        project_ids = s.project_ids::bigint[],
        attempts = coalesce(s.attempts, e.attempts),
        next_attempt_at = coalesce(s.next_attempt_at, e.next_attempt_at),
        processed_at = CASE WHEN s.status <> 'pending' THEN clock_timestamp() END,
        error_code = CASE WHEN s.status <> 'pending' THEN s.error_code END,
        started_at = CASE WHEN s.status <> 'pending' THEN %s::timestamptz END,
        requested_by = CASE WHEN s.status <> 'pending' THEN e.requested_by END,
        summary = coalesce(nullif(s.summary, 'null'), e.summary),
        search_key = coalesce(s.search_key, e.search_key),
        updated_at = now()
    FROM unnest(
        %s::bigint[], %s::text[], %s::jsonb[], %s::text[], %s::bigint[], %s::bigint[], %s::text[],
        %s::smallint[], %s::timestamptz[], %s::text[], %s::jsonb[], %s::text[]
    ) AS s (
        id, status, verdicts, reason, integration_id, link_id, project_ids,
        attempts, next_attempt_at, error_code, summary, search_key
    )
    WHERE e.id = s.id AND e.status = 'pending'
    RETURNING e.git_integration_id, e.status, e.created_at, e.processed_at
    )
    , counted AS (
        SELECT git_integration_id, date_trunc('hour', processed_at, 'UTC') AS hour, status,
            round(5.770780163555854 * ln(greatest(
                extract(epoch FROM processed_at - created_at)::float8 * 1000, 0.1
            )))::smallint AS duration_class,
            count(*) AS events
        FROM ended
        WHERE git_integration_id IS NOT NULL AND processed_at IS NOT NULL
        GROUP BY 1, 2, 3, 4
    ), counted_by_day AS (
        INSERT INTO git_webhook_event_days AS c (git_integration_id, day, status, duration_class, events)
        SELECT git_integration_id, date_trunc('day', hour, 'UTC'), status, duration_class, sum(events)
        FROM counted
        GROUP BY 1, 2, 3, 4
        ORDER BY 1, 2, 3, 4
        ON CONFLICT (git_integration_id, day, status, duration_class)
        DO UPDATE SET events = c.events + excluded.events
    )
    INSERT INTO git_webhook_event_counts AS c (git_integration_id, hour, status, duration_class, events)
    SELECT * FROM counted
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (git_integration_id, hour, status, duration_class)
    DO UPDATE SET events = c.events + excluded.events
"""


def may_reopen_at(now: datetime) -> dict[str, object]:
    """Return the parameters of `MAY_REOPEN`."""
    return {
        "retryable": Texts([status.value for status in RETRYABLE]),
        "never": BEFORE_BINDING,
        "oldest": now - UNROUTED_LIFETIME,
    }
