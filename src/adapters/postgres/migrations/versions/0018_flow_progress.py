"""How far the search for proof has come, so that any process can continue it."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; flows of an earlier version have no progress."""
    op.execute("ALTER TABLE git_flows ADD COLUMN progress jsonb")


def downgrade() -> None:
    """Remove it; proofs that are under way begin again."""
    op.execute("ALTER TABLE git_flows DROP COLUMN progress")
