"""Source keys that are not numbers: those of providers other than GitHub."""

from alembic import op

from adapters.postgres.migrations.statements import create_downgrade

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column, which no existing row needs, and the index of unrouted events by it.

    The index is created outside a transaction, so that deliveries are still stored. An interrupted run leaves
    an invalid index, which is dropped first.
    """
    op.execute("ALTER TABLE git_webhook_events ADD COLUMN IF NOT EXISTS source_key text")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_webhook_events_unrouted_key_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY git_webhook_events_unrouted_key_idx ON git_webhook_events (source_key)"
            " WHERE status = 'unrouted' AND source_key IS NOT NULL"
        )


downgrade = create_downgrade("ALTER TABLE git_webhook_events DROP COLUMN source_key")
