"""Store when identities are looked up again, and tokens to revoke at the provider."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0010"
down_revision = "0009"

upgrade = create_upgrade(
    """
    ALTER TABLE user_git_connections
        ADD COLUMN identity_check_at timestamptz NOT NULL DEFAULT now() + interval '1 day'
    """,
    """
    CREATE INDEX user_git_connections_identity_check_idx ON user_git_connections (identity_check_at)
        WHERE status = 'active'
    """,
    """
    CREATE TABLE git_token_revocations (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        provider varchar NOT NULL,
        provider_user_id varchar NOT NULL,
        whole_grant boolean NOT NULL,
        access_token varchar NOT NULL,
        token_expires_at timestamptz,
        refresh_token varchar,
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz NOT NULL DEFAULT now(),
        taken_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX git_token_revocations_account_idx ON git_token_revocations (provider, provider_user_id)",
    "CREATE INDEX git_token_revocations_due_idx ON git_token_revocations (next_attempt_at)",
)

downgrade = create_downgrade(
    "DROP TABLE git_token_revocations",
    "DROP INDEX user_git_connections_identity_check_idx",
    "ALTER TABLE user_git_connections DROP COLUMN identity_check_at",
)
