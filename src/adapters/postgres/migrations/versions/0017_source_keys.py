"""Source keys that are not numbers: those of providers other than GitHub."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which no existing row needs, and the index of unrouted events by it.

    The index is made outside a transaction, since receiving goes on meanwhile. An index that a broken-off run
    left behind is not valid, so it is dropped first.
    """
    op.execute("ALTER TABLE git_webhook_events ADD COLUMN IF NOT EXISTS source_key text")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_webhook_events_unrouted_key_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY git_webhook_events_unrouted_key_idx ON git_webhook_events (source_key)"
            " WHERE status = 'unrouted' AND source_key IS NOT NULL"
        )


def downgrade() -> None:
    """Remove both. Events with such a key keep their lane, and are of no integration any more."""
    op.execute("ALTER TABLE git_webhook_events DROP COLUMN source_key")
