"""What the directory in PostgreSQL remembers."""

from dataclasses import replace

import psycopg

from core.domain.organizations import OrganizationRole, Role
from tests.contract.postgres_store_stage import PostgresStoreStage


async def test_caches_organizations_but_not_members(database_url: str) -> None:
    """Permissions of users are read for each request."""
    world = PostgresStoreStage(database_url)
    organization, user = await world.add_organization(), await world.add_user()
    await world.add_member(user, organization, Role.VIEWER)
    directory, known = world.directory, organization.external_id

    assert await directory.find_organization_role(known, None) == OrganizationRole(organization, None)
    assert await directory.find_organization_role(known, user.id) == OrganizationRole(organization, Role.VIEWER)
    await world.remove_member(user, organization)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE organizations SET name = 'Renamed'")
    assert await directory.find_organization_role(known, None) == OrganizationRole(organization, None)
    renamed = replace(organization, name="Renamed")
    assert await directory.find_organization_role(known, user.id) == OrganizationRole(renamed, None)
    await world.database.close()
