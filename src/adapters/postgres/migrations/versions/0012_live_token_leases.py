"""Add an index to find the live read tokens of services."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0012"
down_revision = "0011"

upgrade = create_upgrade(
    "CREATE INDEX git_token_leases_live_idx ON git_token_leases (expires_at) WHERE access_token IS NOT NULL"
)

downgrade = create_downgrade("DROP INDEX git_token_leases_live_idx")
