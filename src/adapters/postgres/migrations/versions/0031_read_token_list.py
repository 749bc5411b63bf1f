"""The read tokens of an organization can be listed and revoked."""

from alembic import op

from adapters.postgres.migrations.statements import create_downgrade

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the column and the index.

    The index is created outside a transaction, so that tokens are still issued. An interrupted run leaves an invalid
    index, which is dropped first.
    """
    op.execute("ALTER TABLE git_token_leases ADD COLUMN IF NOT EXISTS revoke_requested_at timestamptz")
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_token_leases_organization_id_id_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY git_token_leases_organization_id_id_idx"
            " ON git_token_leases (organization_id, id)"
        )


downgrade = create_downgrade(
    "DROP INDEX git_token_leases_organization_id_id_idx", "ALTER TABLE git_token_leases DROP COLUMN revoke_requested_at"
)
