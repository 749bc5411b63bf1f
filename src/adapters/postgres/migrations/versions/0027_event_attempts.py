"""Each attempt to process a webhook event, and who requested it.

The newest attempt is in the row of its event. The columns have no default, so that no row is rewritten.
"""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0027"
down_revision = "0026"

upgrade = create_upgrade(
    """
    ALTER TABLE git_webhook_events
        ADD COLUMN started_at timestamptz,
        ADD COLUMN error_code text,
        ADD COLUMN requested_by text
    """,
    """
    CREATE TABLE git_webhook_event_attempts (
        git_webhook_event_id bigint NOT NULL REFERENCES git_webhook_events ON DELETE CASCADE,
        number integer NOT NULL,
        requested_by text,
        started_at timestamptz,
        ended_at timestamptz,
        result text NOT NULL,
        error_code text,
        error_message text,
        verdicts jsonb,
        PRIMARY KEY (git_webhook_event_id, number)
    )
    """,
)

downgrade = create_downgrade(
    "DROP TABLE git_webhook_event_attempts",
    """
    ALTER TABLE git_webhook_events
        DROP COLUMN started_at,
        DROP COLUMN error_code,
        DROP COLUMN requested_by
    """,
)
