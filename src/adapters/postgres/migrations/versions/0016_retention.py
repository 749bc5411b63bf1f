"""Store how far retention has progressed."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0016"
down_revision = "0015"

upgrade = create_upgrade("CREATE TABLE git_retention (subject varchar PRIMARY KEY, reached_id bigint NOT NULL)")

downgrade = create_downgrade("DROP TABLE git_retention")
