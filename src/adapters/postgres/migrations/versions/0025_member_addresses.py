"""The addresses of members in crewkit, and indexes to find the commits of an author."""

from alembic import op

from adapters.postgres.migrations.statements import create_downgrade

revision = "0025"
down_revision = "0024"

_AUTHOR = """
    CREATE INDEX CONCURRENTLY git_commit_attributions_author_idx
    ON git_commit_attributions (git_integration_id, kind, address)
"""
_OPEN_ACCOUNT = """
    CREATE INDEX CONCURRENTLY git_commit_attributions_open_account_idx
    ON git_commit_attributions (git_integration_id, account_id)
    WHERE account_id IS NOT NULL AND (kind = 'none' OR method = 'member_address')
"""
_MEMBER_CLAIMS = """
    CREATE TABLE IF NOT EXISTS git_member_claims (
        user_id bigint NOT NULL,
        git_integration_id bigint NOT NULL,
        address varchar NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        claimed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_id, git_integration_id)
    )
"""


def upgrade() -> None:
    """Add the table and replace the indexes for claims by those that include members' addresses.

    The indexes are created outside a transaction, so that commits are still stored. An interrupted run leaves an
    invalid index, which is dropped first. The previous release uses the new indexes as well.
    """
    op.execute(_MEMBER_CLAIMS)
    op.execute(
        "CREATE INDEX IF NOT EXISTS git_member_claims_address_idx ON git_member_claims (git_integration_id, address)"
    )
    op.execute(
        "CREATE INDEX IF NOT EXISTS git_member_claims_due_idx"
        " ON git_member_claims (git_integration_id, requested_at) WHERE claimed_at IS NULL"
    )
    with op.get_context().autocommit_block():
        for name, statement in (("author", _AUTHOR), ("open_account", _OPEN_ACCOUNT)):
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS git_commit_attributions_{name}_idx")
            op.execute(statement)
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_commit_attributions_claim_address_idx")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS git_commit_attributions_claim_account_idx")


downgrade = create_downgrade(
    "DROP TABLE git_member_claims",
    "DROP INDEX git_commit_attributions_author_idx",
    "DROP INDEX git_commit_attributions_open_account_idx",
    """
    CREATE INDEX git_commit_attributions_claim_address_idx
        ON git_commit_attributions (git_integration_id, address) WHERE kind = 'none'
    """,
    """
    CREATE INDEX git_commit_attributions_claim_account_idx
        ON git_commit_attributions (git_integration_id, account_id)
        WHERE kind = 'none' AND account_id IS NOT NULL
    """,
)
