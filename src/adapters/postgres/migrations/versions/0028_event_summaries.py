"""Summaries of webhook events, so that a list does not read payloads, and what finds an event by its commit."""

from alembic import op

from adapters.postgres.migrations.statements import create_downgrade

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Add the columns, empty for events that were processed before, and the index.

    The index is created outside a transaction, so that deliveries are still stored. An interrupted run leaves
    an invalid index, which is dropped first.
    """
    op.execute(
        "ALTER TABLE git_webhook_events"
        ' ADD COLUMN IF NOT EXISTS summary jsonb, ADD COLUMN IF NOT EXISTS search_key text COLLATE "C"'
    )
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_webhook_events_search_key_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY git_webhook_events_search_key_idx"
            " ON git_webhook_events (git_integration_id, search_key, id)"
            " WHERE git_integration_id IS NOT NULL AND search_key IS NOT NULL"
        )


downgrade = create_downgrade("ALTER TABLE git_webhook_events DROP COLUMN summary, DROP COLUMN search_key")
