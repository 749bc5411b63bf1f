"""Counts of processing results by day, so that figures of a month read few rows."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0032"
down_revision = "0031"

upgrade = create_upgrade(
    """
    CREATE TABLE git_webhook_event_days (
        git_integration_id bigint NOT NULL REFERENCES git_integrations (id),
        day timestamptz NOT NULL,
        status varchar NOT NULL,
        duration_class smallint NOT NULL,
        events bigint NOT NULL,
        CONSTRAINT git_webhook_event_days_pkey PRIMARY KEY (git_integration_id, day, status, duration_class)
    )
"""
)

downgrade = create_downgrade("DROP TABLE git_webhook_event_days")
