"""Add an index to read an organization's domain events from a cursor."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0011"
down_revision = "0010"

upgrade = create_upgrade(
    "CREATE INDEX git_domain_events_organization_id_id_idx ON git_domain_events (organization_id, id)"
)

downgrade = create_downgrade("DROP INDEX git_domain_events_organization_id_id_idx")
