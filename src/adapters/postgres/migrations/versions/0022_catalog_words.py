"""What a search of the catalog finds besides names: topics, and words of the description and language.

The columns of rows that exist are filled by the next sync, which finds no topics in them.
"""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0022"
down_revision = "0021"

upgrade = create_upgrade(
    r"""
    ALTER TABLE git_repositories
        ADD COLUMN topics varchar[],
        ADD COLUMN search_about varchar NOT NULL DEFAULT '',
        ADD COLUMN search_key varchar COLLATE "C"
            GENERATED ALWAYS AS (
                regexp_replace(search_name, '^(.*)/([^/]*)$', '\2' || chr(1) || '\1')
            ) STORED
    """,
    """
    CREATE INDEX git_repositories_key_idx
        ON git_repositories (git_integration_id, search_key, repo_id)
        INCLUDE (id, private, archived, fork) WHERE removed_at IS NULL
    """,
)

downgrade = create_downgrade(
    "DROP INDEX git_repositories_key_idx",
    """
    ALTER TABLE git_repositories
        DROP COLUMN search_key,
        DROP COLUMN search_about,
        DROP COLUMN topics
    """,
)
