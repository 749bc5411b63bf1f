"""Store how far the provider's delivery log was compared, and which deliveries are missing."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0006"
down_revision = "0005"

upgrade = create_upgrade(
    """
    CREATE TABLE git_recoveries (
        provider varchar PRIMARY KEY,
        compared_until timestamptz,
        compared_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE git_missing_deliveries (
        delivery_id varchar NOT NULL,
        provider varchar NOT NULL,
        logged_id bigint NOT NULL,
        event_type varchar NOT NULL,
        delivered_at timestamptz NOT NULL,
        acted_on boolean NOT NULL,
        attempts smallint NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        reason varchar,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (delivery_id, provider)
    )
    """,
)

downgrade = create_downgrade("DROP TABLE git_missing_deliveries", "DROP TABLE git_recoveries")
