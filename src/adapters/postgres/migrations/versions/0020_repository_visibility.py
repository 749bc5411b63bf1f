"""Who can see a repository: `internal` is neither public nor quite private."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. It is filled by the next sync of each catalog."""
    op.execute("ALTER TABLE git_repositories ADD COLUMN visibility varchar")


def downgrade() -> None:
    """Remove the column."""
    op.execute("ALTER TABLE git_repositories DROP COLUMN visibility")
