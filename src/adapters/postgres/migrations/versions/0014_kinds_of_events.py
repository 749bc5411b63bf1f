"""Add an index to find an organization's webhook events by status and type."""

from textwrap import dedent

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE INDEX git_webhook_events_kind_idx
        ON git_webhook_events (git_integration_id, status, event_type, id)
        WHERE git_integration_id IS NOT NULL
    """,
    "DROP INDEX git_webhook_events_integration_idx",
)
_DOWN = (
    """
    CREATE INDEX git_webhook_events_integration_idx
        ON git_webhook_events (git_integration_id, status, id) WHERE git_integration_id IS NOT NULL
    """,
    "DROP INDEX git_webhook_events_kind_idx",
)


def upgrade() -> None:
    """Make the index, which also does what the one before did."""
    for statement in _UP:
        op.execute(dedent(statement).strip())


def downgrade() -> None:
    """Take it back."""
    for statement in _DOWN:
        op.execute(dedent(statement).strip())
