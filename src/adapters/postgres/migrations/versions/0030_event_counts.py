"""Counts of processing results by hour, so that figures over a month do not read the events."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0030"
down_revision = "0029"

upgrade = create_upgrade(
    """
    CREATE TABLE git_webhook_event_counts (
        git_integration_id bigint NOT NULL REFERENCES git_integrations (id),
        hour timestamptz NOT NULL,
        status varchar NOT NULL,
        duration_class smallint NOT NULL,
        events integer NOT NULL,
        CONSTRAINT git_webhook_event_counts_pkey PRIMARY KEY (git_integration_id, hour, status, duration_class)
    )
"""
)

downgrade = create_downgrade("DROP TABLE git_webhook_event_counts")
