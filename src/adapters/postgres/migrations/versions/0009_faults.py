"""Store which faults of the whole service were reported."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0009"
down_revision = "0008"

upgrade = create_upgrade("CREATE TABLE git_faults (fault varchar PRIMARY KEY, met_at timestamptz NOT NULL)")

downgrade = create_downgrade("DROP TABLE git_faults")
