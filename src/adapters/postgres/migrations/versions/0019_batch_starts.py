"""Which events are being processed, so that a worker that ends abruptly leaves a trace."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0019"
down_revision = "0018"

upgrade = create_upgrade(
    "CREATE TABLE git_batch_starts ("
    " lane smallint PRIMARY KEY,"
    " drain_id uuid NOT NULL,"
    " event_ids bigint[],"
    " started_at timestamptz NOT NULL"
    ")"
)

downgrade = create_downgrade("DROP TABLE git_batch_starts")
