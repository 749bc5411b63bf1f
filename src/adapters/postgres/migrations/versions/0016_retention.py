"""Store how far retention has progressed."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute("CREATE TABLE git_retention (subject varchar PRIMARY KEY, reached_id bigint NOT NULL)")


def downgrade() -> None:
    """Take it away; what was removed stays removed."""
    op.execute("DROP TABLE git_retention")
