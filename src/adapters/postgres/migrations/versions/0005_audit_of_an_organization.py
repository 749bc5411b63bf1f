"""Store the organization and provider of each version."""

from adapters.postgres.migrations.statements import create_downgrade, create_upgrade

revision = "0005"
down_revision = "0004"

upgrade = create_upgrade(
    "ALTER TABLE versions ADD COLUMN organization_id bigint, ADD COLUMN provider varchar",
    # The first version of each item contains both.
    """
    UPDATE versions AS v
    SET organization_id = item.organization_id, provider = item.provider
    FROM (
        SELECT item_type, item_id,
            (changes -> 'organization_id' ->> 1)::bigint AS organization_id,
            changes -> 'provider' ->> 1 AS provider
        FROM versions
        WHERE event = 'created'
    ) AS item
    WHERE v.item_type = item.item_type AND v.item_id = item.item_id
    """,
    """
    CREATE INDEX versions_organization_id_id_idx ON versions (organization_id, id)
        WHERE organization_id IS NOT NULL
    """,
)

downgrade = create_downgrade(
    "DROP INDEX versions_organization_id_id_idx",
    "ALTER TABLE versions DROP COLUMN provider, DROP COLUMN organization_id",
)
