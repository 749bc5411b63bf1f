"""Which events are being processed, so that a worker that ends abruptly leaves a trace."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table. There is at most one row for each lane, updated in place."""
    op.execute(
        "CREATE TABLE git_batch_starts ("
        " lane smallint PRIMARY KEY,"
        " drain_id uuid NOT NULL,"
        " event_ids bigint[],"
        " started_at timestamptz NOT NULL"
        ")"
    )


def downgrade() -> None:
    """Remove the table."""
    op.execute("DROP TABLE git_batch_starts")
