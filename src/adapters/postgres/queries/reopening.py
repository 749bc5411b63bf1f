"""Which events may be processed again: `core.domain.events.event.may_reopen` in SQL, for rows as `e`."""

from datetime import datetime

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.rows.webhook_events import SOURCE_KEY
from core.domain.events.event import BEFORE_BINDING, RETRYABLE, UNROUTED_LIFETIME

# As far as the payload is there, too: a redelivery brings it along.
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
# Rows are locked in one order everywhere: a redelivery or a sweep may want the same ones.
REOPEN = (
    SQL("""
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
    """)
    .format(may_reopen=MAY_REOPEN)
    .as_string()
)


def may_reopen_at(now: datetime) -> dict[str, object]:
    """Return the parameters of `MAY_REOPEN`."""
    return {
        "retryable": Texts([status.value for status in RETRYABLE]),
        "never": BEFORE_BINDING,
        "oldest": now - UNROUTED_LIFETIME,
    }
