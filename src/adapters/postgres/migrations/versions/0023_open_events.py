"""Events of a repository that failed or are not processed yet, so that they are listed under its projects."""

from textwrap import dedent

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_UP = """
    CREATE INDEX git_webhook_events_open_repo_idx
        ON git_webhook_events (git_integration_id, repo_id, id)
        WHERE status IN ('failed', 'pending') AND git_integration_id IS NOT NULL AND repo_id IS NOT NULL
"""


def upgrade() -> None:
    """Add the index."""
    op.execute(dedent(_UP).strip())


def downgrade() -> None:
    """Remove it."""
    op.execute("DROP INDEX git_webhook_events_open_repo_idx")
