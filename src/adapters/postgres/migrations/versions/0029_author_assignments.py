"""The assignments of commit authors."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0029"
down_revision = "0028"

upgrade = create_upgrade(
    """
    CREATE TABLE git_author_assignments (
        id bigserial PRIMARY KEY,
        external_id uuid NOT NULL UNIQUE,
        organization_id bigint NOT NULL,
        address varchar NOT NULL,
        kind varchar NOT NULL,
        user_id bigint,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT git_author_assignments_kind_check CHECK ((kind = 'user') = (user_id IS NOT NULL)),
        UNIQUE (organization_id, address)
    )
    """
)

downgrade = create_downgrade("DROP TABLE git_author_assignments")
