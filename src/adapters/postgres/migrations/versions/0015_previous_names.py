"""Store the name that a linked repository had before it was renamed."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0015"
down_revision = "0014"

upgrade = create_upgrade("ALTER TABLE project_repositories ADD COLUMN previous_full_name varchar")

downgrade = create_downgrade("ALTER TABLE project_repositories DROP COLUMN previous_full_name")
