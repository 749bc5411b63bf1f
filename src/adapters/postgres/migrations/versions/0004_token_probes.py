"""Store when a suspended integration may try to get a token again."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column."""
    op.execute("ALTER TABLE git_integrations ADD COLUMN token_probe_at timestamptz")


def downgrade() -> None:
    """Take it back."""
    op.execute("ALTER TABLE git_integrations DROP COLUMN token_probe_at")
