"""Store the organization and provider of each version."""

from textwrap import dedent

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_UP = (
    "ALTER TABLE versions ADD COLUMN organization_id bigint, ADD COLUMN provider varchar",
    # Every item's first version tells both.
    """
    UPDATE versions AS v
    SET organization_id = item.organization_id, provider = item.provider
    FROM (
        SELECT item_type, item_id,
            (changes -> 'organization_id' ->> 1)::bigint AS organization_id,
            changes -> 'provider' ->> 1 AS provider
        FROM versions
        WHERE event = 'created'
    ) AS item
    WHERE v.item_type = item.item_type AND v.item_id = item.item_id
    """,
    """
    CREATE INDEX versions_organization_id_id_idx ON versions (organization_id, id)
        WHERE organization_id IS NOT NULL
    """,
)
_DOWN = (
    "DROP INDEX versions_organization_id_id_idx",
    "ALTER TABLE versions DROP COLUMN provider, DROP COLUMN organization_id",
)


def upgrade() -> None:
    """Make the columns, fill them in, and make the index."""
    for statement in _UP:
        op.execute(dedent(statement).strip())


def downgrade() -> None:
    """Take them back."""
    for statement in _DOWN:
        op.execute(dedent(statement).strip())
