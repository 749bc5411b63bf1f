"""Store how far the provider's delivery log was compared, and which deliveries are missing."""

from textwrap import dedent

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE git_recoveries (
        provider varchar PRIMARY KEY,
        compared_until timestamptz,
        compared_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE git_missing_deliveries (
        delivery_id varchar NOT NULL,
        provider varchar NOT NULL,
        logged_id bigint NOT NULL,
        event_type varchar NOT NULL,
        delivered_at timestamptz NOT NULL,
        acted_on boolean NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        reason varchar,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (delivery_id, provider)
    )
    """,
)


def upgrade() -> None:
    """Make them."""
    for statement in _UP:
        op.execute(dedent(statement).strip())


def downgrade() -> None:
    """Remove them: what is missing is found again in the provider's log."""
    op.execute("DROP TABLE git_missing_deliveries")
    op.execute("DROP TABLE git_recoveries")
