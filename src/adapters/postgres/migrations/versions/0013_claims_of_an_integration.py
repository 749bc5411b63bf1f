"""Add an index to find commit claims by integration."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them so."""
    op.execute("DROP INDEX git_commit_claims_due_idx")
    op.execute(
        "CREATE INDEX git_commit_claims_due_idx ON git_commit_claims (git_integration_id, requested_at) "
        "WHERE claimed_at IS NULL"
    )


def downgrade() -> None:
    """Index them by time alone."""
    op.execute("DROP INDEX git_commit_claims_due_idx")
    op.execute("CREATE INDEX git_commit_claims_due_idx ON git_commit_claims (requested_at) WHERE claimed_at IS NULL")
