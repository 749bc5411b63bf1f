"""Add an index to find commit claims by integration."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0013"
down_revision = "0012"

upgrade = create_upgrade(
    "DROP INDEX git_commit_claims_due_idx",
    "CREATE INDEX git_commit_claims_due_idx ON git_commit_claims (git_integration_id, requested_at) "
    "WHERE claimed_at IS NULL",
)

downgrade = create_downgrade(
    "DROP INDEX git_commit_claims_due_idx",
    "CREATE INDEX git_commit_claims_due_idx ON git_commit_claims (requested_at) WHERE claimed_at IS NULL",
)
