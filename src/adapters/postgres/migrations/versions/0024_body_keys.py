"""What identifies signed bytes, so that they are processed once whatever delivery id they come with."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, empty for what was received before, and its index.

    The index is made outside a transaction, since receiving goes on meanwhile. An index that a broken-off run
    left behind is not valid, so it is dropped first.
    """
    op.execute("ALTER TABLE git_webhook_events ADD COLUMN IF NOT EXISTS body_key bytea")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_webhook_events_body_key_idx")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY git_webhook_events_body_key_idx"
            " ON git_webhook_events (body_key) WHERE body_key IS NOT NULL"
        )


def downgrade() -> None:
    """Remove both."""
    op.execute("ALTER TABLE git_webhook_events DROP COLUMN body_key")
