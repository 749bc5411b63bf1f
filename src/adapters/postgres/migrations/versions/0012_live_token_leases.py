"""Add an index to find the live read tokens of services."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("CREATE INDEX git_token_leases_live_idx ON git_token_leases (expires_at) WHERE access_token IS NOT NULL")


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP INDEX git_token_leases_live_idx")
