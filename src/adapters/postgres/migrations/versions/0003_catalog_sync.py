"""Add the columns and indexes that catalog synchronization needs."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0003"
down_revision = "0002"

upgrade = create_upgrade(
    """ALTER TABLE git_repositories ADD COLUMN search_name varchar COLLATE "C" NOT NULL DEFAULT ''""",
    "UPDATE git_repositories SET search_name = lower(full_name)",
    """
    CREATE INDEX git_repositories_name_idx
        ON git_repositories (git_integration_id, search_name, repo_id)
        INCLUDE (id, private, archived, fork) WHERE removed_at IS NULL
    """,
    "ALTER INDEX git_repositories_search_grams_idx SET (fastupdate = off)",
    """
    ALTER TABLE git_integrations
        ADD COLUMN sync_claim varchar,
        ADD COLUMN sync_claimed_until timestamptz,
        ADD COLUMN sync_failures smallint NOT NULL DEFAULT 0,
        ADD COLUMN sync_error varchar,
        ADD COLUMN sync_retry_at timestamptz
    """,
)

downgrade = create_downgrade(
    """
    ALTER TABLE git_integrations
        DROP COLUMN sync_retry_at,
        DROP COLUMN sync_error,
        DROP COLUMN sync_failures,
        DROP COLUMN sync_claimed_until,
        DROP COLUMN sync_claim
    """,
    "ALTER INDEX git_repositories_search_grams_idx RESET (fastupdate)",
    "DROP INDEX git_repositories_name_idx",
    "ALTER TABLE git_repositories DROP COLUMN search_name",
)
