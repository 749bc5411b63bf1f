"""How far the search for proof has come, so that any process can continue it."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0018"
down_revision = "0017"

upgrade = create_upgrade("ALTER TABLE git_flows ADD COLUMN progress jsonb")

downgrade = create_downgrade("ALTER TABLE git_flows DROP COLUMN progress")
