"""An audited change is a version of its organization or user, and is read from an index."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.migrate import downgrade, migrate
from adapters.postgres.stores import audit as versions
from core.domain.attribution.git_authors import AssignmentKind, AuthorAssignment
from core.domain.connections import Connection, ConnectionStatus
from core.domain.identifiers import ProviderUserId
from core.domain.organizations import Organization
from testing.builders.entities import PROVIDER, build_change, now
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.checks.audit import AUDITED


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give an empty database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


async def _integration(world: PostgresStoreStage, organization: Organization) -> None:
    made = await world.add_integration(organization)
    async with world.unit_of_work() as tx:
        await tx.integrations.apply([build_change(made, replace(made, provider_name="renamed"))])
        await tx.commit()


async def _link(world: PostgresStoreStage, organization: Organization) -> None:
    link = await world.add_link(await world.add_project(organization), await world.add_integration(organization))
    async with world.unit_of_work() as tx:
        await tx.links.apply([build_change(link, None)])
        await tx.commit()


async def _connection(world: PostgresStoreStage, _: Organization) -> None:
    user = await world.add_user()
    async with world.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId("7"),
            created_at=now(),
            updated_at=now(),
        )
        revoked = replace(connection, status=ConnectionStatus.REVOKED)
        await tx.connections.apply([build_change(None, connection), build_change(connection, revoked)])
        await tx.commit()


async def _assignment(world: PostgresStoreStage, organization: Organization) -> None:
    async with world.unit_of_work() as tx:
        assignment = AuthorAssignment(
            id=await tx.git_authors.next_assignment_id(),
            external_id=uuid4(),
            organization_id=organization.id,
            address="mara@home.example",
            kind=AssignmentKind.BOT,
            user_id=None,
            assignee=None,
            created_at=now(),
            updated_at=now(),
        )
        await tx.git_authors.apply([build_change(None, assignment), build_change(assignment, None)])
        await tx.commit()


Changing = Callable[[PostgresStoreStage, Organization], Awaitable[None]]
TWO_CHANGES: dict[str, Changing] = {
    "git_integrations": _integration,
    "project_repositories": _link,
    "user_git_connections": _connection,
    "git_author_assignments": _assignment,
}
PLACES = ("organization_id", "before", "provider", "limit")
PERSONAL = {"user_git_connections"}
# An address is the same at all providers.
WITHOUT_PROVIDER = {"git_author_assignments"}


@pytest.mark.parametrize("table", AUDITED)
async def test_every_change_has_a_version(world: PostgresStoreStage, table: str) -> None:
    """Of the organization, or of a user alone."""
    organization = await world.add_organization()
    await TWO_CHANGES[table](world, organization)
    with psycopg.connect(world.url) as connection:
        trail = connection.execute(
            "SELECT organization_id, provider FROM versions WHERE item_type = %s", (AUDITED[table],)
        ).fetchall()
    owner = None if table in PERSONAL else organization.id
    assert trail == [(owner, None if table in WITHOUT_PROVIDER else PROVIDER)] * 2


async def test_migration_adds_the_organization_to_versions(world: PostgresStoreStage) -> None:
    """Even if the item no longer exists."""
    organization = await world.add_organization()
    for change in TWO_CHANGES.values():
        async with world.database.session() as session:
            await session.write("DELETE FROM git_integrations RETURNING id")
            await session.commit()
        await change(world, organization)
    select = "SELECT id, organization_id, provider FROM versions ORDER BY id"
    with psycopg.connect(world.url, autocommit=True) as connection:
        before = connection.execute(select).fetchall()
        downgrade(world.url, "0004")
        migrate(world.url)
        after = connection.execute(select).fetchall()
    personal = [row for row in after if row[1] is None]
    assert (after, len(personal)) == (before, 2)


async def test_page_of_versions_uses_an_index(world: PostgresStoreStage) -> None:
    with psycopg.connect(world.url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO versions (item_type, item_id, organization_id, provider, event, actor, changes)
            SELECT 'link', number::text, number % 50, 'github', 'updated', 'system:webhook', '{}'
            FROM generate_series(1, 50000) AS number;
            ANALYZE versions
            """
        )
        statement = re.sub(r"%\((\w+)\)s", lambda name: f"${PLACES.index(name[1]) + 1}", versions.OF_ORGANIZATION)
        explained = connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}".encode()).fetchall()
    plan = "\n".join(line for (line,) in explained)
    assert "Index Scan Backward using versions_organization_id_id_idx" in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan
