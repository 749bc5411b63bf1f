"""Store the name that a linked repository had before it was renamed."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column."""
    op.execute("ALTER TABLE project_repositories ADD COLUMN previous_full_name varchar")


def downgrade() -> None:
    """Take it back."""
    op.execute("ALTER TABLE project_repositories DROP COLUMN previous_full_name")
