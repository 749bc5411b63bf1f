"""Who can see a repository: `internal` is neither public nor quite private."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0020"
down_revision = "0019"

upgrade = create_upgrade("ALTER TABLE git_repositories ADD COLUMN visibility varchar")

downgrade = create_downgrade("ALTER TABLE git_repositories DROP COLUMN visibility")
