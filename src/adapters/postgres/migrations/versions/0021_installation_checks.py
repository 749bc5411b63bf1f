"""Checks of installations with their provider: daily, and after a reported deletion."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0021"
down_revision = "0020"

upgrade = create_upgrade(
    """
    CREATE TABLE git_installation_checks (
        git_integration_id bigint PRIMARY KEY REFERENCES git_integrations (id),
        next_check_at timestamptz NOT NULL,
        checked_at timestamptz,
        event_id bigint,
        delivery_id varchar,
        requested_at timestamptz
    )
    """,
    """
    CREATE INDEX git_installation_checks_requested_idx
        ON git_installation_checks (next_check_at) WHERE requested_at IS NOT NULL
    """,
)

downgrade = create_downgrade("DROP TABLE git_installation_checks")
