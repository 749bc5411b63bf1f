"""Store commit authors and the pending searches for their earlier commits."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0007"
down_revision = "0006"

upgrade = create_upgrade(
    """
    ALTER TABLE git_commit_attributions
        ADD COLUMN kind varchar NOT NULL,
        ADD COLUMN account_id varchar,
        DROP CONSTRAINT git_commit_attributions_git_integration_id_fkey,
        DROP CONSTRAINT git_commit_attributions_user_id_fkey,
        ADD CONSTRAINT git_commit_attributions_kind_check CHECK ((kind = 'user') = (user_id IS NOT NULL))
    """,
    """
    CREATE INDEX git_commit_attributions_kind_idx
        ON git_commit_attributions (git_integration_id, kind, (id + 0))
    """,
    """
    CREATE INDEX git_commit_attributions_repo_kind_idx
        ON git_commit_attributions (git_integration_id, repo_id, kind, (id + 0))
    """,
    """
    CREATE INDEX git_commit_attributions_user_idx
        ON git_commit_attributions (git_integration_id, user_id, (id + 0)) WHERE user_id IS NOT NULL
    """,
    """
    CREATE INDEX git_commit_attributions_claim_address_idx
        ON git_commit_attributions (git_integration_id, address) WHERE kind = 'none'
    """,
    """
    CREATE INDEX git_commit_attributions_claim_account_idx
        ON git_commit_attributions (git_integration_id, account_id)
        WHERE kind = 'none' AND account_id IS NOT NULL
    """,
    """
    CREATE INDEX user_git_connections_login_idx ON user_git_connections (provider, lower(provider_username))
    """,
    """
    CREATE TABLE git_commit_claims (
        user_git_connection_id bigint NOT NULL REFERENCES user_git_connections ON DELETE CASCADE,
        git_integration_id bigint NOT NULL REFERENCES git_integrations,
        requested_at timestamptz NOT NULL DEFAULT now(),
        claimed_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (user_git_connection_id, git_integration_id)
    )
    """,
    "CREATE INDEX git_commit_claims_due_idx ON git_commit_claims (requested_at) WHERE claimed_at IS NULL",
)

downgrade = create_downgrade(
    "DROP TABLE git_commit_claims",
    "DROP INDEX user_git_connections_login_idx",
    "DROP INDEX git_commit_attributions_claim_account_idx",
    "DROP INDEX git_commit_attributions_claim_address_idx",
    "DROP INDEX git_commit_attributions_user_idx",
    "DROP INDEX git_commit_attributions_repo_kind_idx",
    "DROP INDEX git_commit_attributions_kind_idx",
    """
    ALTER TABLE git_commit_attributions
        ADD CONSTRAINT git_commit_attributions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users,
        ADD CONSTRAINT git_commit_attributions_git_integration_id_fkey
            FOREIGN KEY (git_integration_id) REFERENCES git_integrations,
        DROP CONSTRAINT git_commit_attributions_kind_check, DROP COLUMN account_id, DROP COLUMN kind
    """,
)
