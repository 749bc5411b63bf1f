"""Store which faults of the whole service were reported."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("CREATE TABLE git_faults (fault varchar PRIMARY KEY, met_at timestamptz NOT NULL)")


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP TABLE git_faults")
