"""Add an index to read an organization's domain events from a cursor."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.execute("CREATE INDEX git_domain_events_organization_id_id_idx ON git_domain_events (organization_id, id)")


def downgrade() -> None:
    """Take it back."""
    op.execute("DROP INDEX git_domain_events_organization_id_id_idx")
