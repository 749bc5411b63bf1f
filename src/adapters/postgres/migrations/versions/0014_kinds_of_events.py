"""Add an index to find an organization's webhook events by status and type."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0014"
down_revision = "0013"

upgrade = create_upgrade(
    """
    CREATE INDEX git_webhook_events_kind_idx
        ON git_webhook_events (git_integration_id, status, event_type, id)
        WHERE git_integration_id IS NOT NULL
    """,
    "DROP INDEX git_webhook_events_integration_idx",
)

downgrade = create_downgrade(
    """
    CREATE INDEX git_webhook_events_integration_idx
        ON git_webhook_events (git_integration_id, status, id) WHERE git_integration_id IS NOT NULL
    """,
    "DROP INDEX git_webhook_events_kind_idx",
)
