"""Store when a suspended integration may try to get a token again."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0004"
down_revision = "0003"

upgrade = create_upgrade("ALTER TABLE git_integrations ADD COLUMN token_probe_at timestamptz")

downgrade = create_downgrade("ALTER TABLE git_integrations DROP COLUMN token_probe_at")
