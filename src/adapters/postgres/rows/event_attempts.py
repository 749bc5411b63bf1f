"""Rows of `git_webhook_event_attempts`: the attempts of webhook events that were followed by another attempt.

The newest attempt of an event is in its row in `git_webhook_events`, so that an event that succeeds at once costs no
other row. A statement that begins another attempt stores the last one with `KEEP_LAST`.
"""

from psycopg.sql import SQL, Literal

from core.domain.events.event import INTERRUPTED

LAST_ATTEMPT = SQL("""
    e.requested_by, e.started_at, e.processed_at, e.status, e.error_code, e.error_message, e.verdicts
""")
"""The columns of `git_webhook_events` (as `e`) that `KEEP_LAST` needs, besides `id`."""

INSERT = SQL("""
    INSERT INTO git_webhook_event_attempts (
        git_webhook_event_id, number, requested_by, started_at, ended_at, result, error_code, error_message, verdicts
    )
""")
NEXT_NUMBER = SQL("""
    1 + coalesce((SELECT max(number) FROM git_webhook_event_attempts AS a WHERE a.git_webhook_event_id = e.id), 0)
""")
RESULT = SQL("CASE WHEN e.error_code = {} THEN 'interrupted' ELSE e.status END").format(Literal(INTERRUPTED))
KEEP_LAST = SQL("""
    {insert}
    SELECT e.id, {number}, e.requested_by, e.started_at, e.processed_at, {result}, e.error_code, e.error_message,
        e.verdicts
    FROM reopened AS e
""").format(insert=INSERT, number=NEXT_NUMBER, result=RESULT)
"""Stores the last attempt of the events in `reopened`, an earlier part of the statement with `LAST_ATTEMPT`."""

BEGIN_NEXT = SQL("""
    status = 'pending', attempts = 0, verdicts = NULL, error_message = NULL, error_code = NULL, processed_at = NULL,
    started_at = NULL
""")
"""Makes an event pending again, as if it had just been received."""
