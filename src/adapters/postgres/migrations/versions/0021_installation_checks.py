"""Checks of installations with their provider: daily, and after a reported deletion."""

from textwrap import dedent

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE git_installation_checks (
        git_integration_id bigint PRIMARY KEY REFERENCES git_integrations (id),
        next_check_at timestamptz NOT NULL,
        checked_at timestamptz,
        event_id bigint,
        delivery_id varchar,
        requested_at timestamptz
    )
    """,
    """
    CREATE INDEX git_installation_checks_requested_idx
        ON git_installation_checks (next_check_at) WHERE requested_at IS NOT NULL
    """,
)


def upgrade() -> None:
    """Make the table, which is empty: each integration is first checked a day after it was created."""
    for statement in _UP:
        op.execute(dedent(statement).strip())


def downgrade() -> None:
    """Remove it. A deletion that was reported and not confirmed yet is forgotten."""
    op.execute("DROP TABLE git_installation_checks")
