"""What identifies signed bytes, so that they are processed once whatever delivery id they come with."""

from alembic import op

from adapters.postgres.migrations.statements import create_downgrade

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the column, empty for what was received before, and its index.

    The index is created outside a transaction, so that deliveries are still stored. An interrupted run leaves
    an invalid index, which is dropped first.
    """
    op.execute("ALTER TABLE git_webhook_events ADD COLUMN IF NOT EXISTS body_key bytea")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_webhook_events_body_key_idx")
        op.execute(
            "CREATE UNIQUE INDEX CONCURRENTLY git_webhook_events_body_key_idx"
            " ON git_webhook_events (body_key) WHERE body_key IS NOT NULL"
        )


downgrade = create_downgrade("ALTER TABLE git_webhook_events DROP COLUMN body_key")
