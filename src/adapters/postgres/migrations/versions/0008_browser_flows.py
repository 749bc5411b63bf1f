"""Store the user of a browser flow and what the user has proven."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0008"
down_revision = "0007"

upgrade = create_upgrade(
    """
    ALTER TABLE git_flows
        ADD COLUMN step varchar NOT NULL DEFAULT 'install',
        ADD COLUMN installation_id varchar,
        ADD COLUMN candidates varchar[] NOT NULL DEFAULT '{}'
    """,
    "UPDATE git_flows SET return_to = '/' WHERE return_to IS NULL",
    "ALTER TABLE git_flows ALTER COLUMN return_to SET DEFAULT '/', ALTER COLUMN return_to SET NOT NULL",
    "CREATE INDEX git_flows_expires_at_idx ON git_flows (expires_at)",
)

downgrade = create_downgrade(
    "DROP INDEX git_flows_expires_at_idx",
    "ALTER TABLE git_flows ALTER COLUMN return_to DROP NOT NULL, ALTER COLUMN return_to DROP DEFAULT",
    "ALTER TABLE git_flows DROP COLUMN candidates, DROP COLUMN installation_id, DROP COLUMN step",
)
