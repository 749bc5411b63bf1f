"""Create crewkit's own tables if they are missing.

In production crewkit owns them and these statements find them there. No downgrade ever drops them.
"""

from adapters.postgres.migrations.statements import create_upgrade

revision = "0001"
down_revision = None

upgrade = create_upgrade(
    """
    CREATE TABLE IF NOT EXISTS organizations (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        name varchar NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS users (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        email varchar NOT NULL,
        name varchar,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS memberships (
        id bigserial PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users,
        organization_id bigint NOT NULL REFERENCES organizations,
        role varchar NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (user_id, organization_id)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS projects (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        organization_id bigint NOT NULL REFERENCES organizations,
        name varchar NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX IF NOT EXISTS projects_organization_id_idx ON projects (organization_id)",
)


def downgrade() -> None:
    """Leave them: they may be crewkit's, and hold its data."""
