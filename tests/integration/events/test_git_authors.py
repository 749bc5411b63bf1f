"""Authors and assignments on PostgreSQL: many commits, and requests at the same time."""

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from uuid import UUID

import pytest

from adapters.system import SystemClock
from core.domain.actors import UserActor
from core.domain.attribution.attribution import AttributionFilter, AttributionStatus, AttributionView, Method
from core.domain.attribution.git_authors import AssignmentKind, AuthorFilter, to_author_key
from core.domain.organizations import Organization, Role, User
from core.domain.streams.domain_event import CommitsClaimedData
from core.use_cases.attribution.git_authors import AssignGitAuthor, ListGitAuthors, UnassignGitAuthor
from core.use_cases.authorization import AccessControl
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.scenarios.ports import AUTHORIZER

_COMMITS = 10_000
_ADDRESS = "tomas@home.example"
_KEY = to_author_key(_ADDRESS)
# Of 1,000 addresses, one has a tenth of all commits.
_FILL = """
    INSERT INTO git_commit_attributions (
        git_integration_id, repo_id, sha, role, address, name, kind, method
    )
    SELECT %(integration)s, '1', n::text, 'author',
        CASE WHEN n %% 10 = 0 THEN %(address)s ELSE 'a' || n %% 1000 || '@acme.example' END, 'A', 'none', 'unknown'
    FROM generate_series(1, 10 * %(commits)s) AS n
"""


class _World:
    """An organization with a hundred thousand attributions, and its owner."""

    organization: Organization
    owner: User

    def __init__(self, database_url: str) -> None:
        self.stage = PostgresStoreStage(database_url)
        self.access = AccessControl(self.stage.directory, AUTHORIZER, ["github"])
        self.assign_author = AssignGitAuthor(self.stage.unit_of_work, self.access, SystemClock())
        self.unassign_author = UnassignGitAuthor(self.stage.unit_of_work, self.access)

    async def populate(self) -> None:
        """Store everything."""
        self.organization = await self.stage.add_organization()
        self.owner = await self.stage.add_user()
        await self.stage.add_member(self.owner, self.organization, Role.OWNER)
        integration = await self.stage.add_integration(self.organization)
        await self.stage.add_link(await self.stage.add_project(self.organization), integration)
        async with self.stage.database.session() as session:
            parameters = {"integration": integration.id, "address": _ADDRESS, "commits": _COMMITS}
            await session.change(_FILL, parameters)
            await session.commit()
            await session.change("ANALYZE")
            await session.commit()

    async def assign(self, kind: AssignmentKind = AssignmentKind.USER) -> None:
        """Assign the address as the owner."""
        user_id: UUID | None = self.owner.external_id if kind is AssignmentKind.USER else None
        actor = UserActor(self.owner.id, self.owner.external_id)
        await self.assign_author(
            actor, organization_id=self.organization.external_id, key=_KEY, kind=kind, user_id=user_id
        )

    async def unassign(self) -> None:
        """Undo the assignment."""
        actor = UserActor(self.owner.id, self.owner.external_id)
        await self.unassign_author(actor, organization_id=self.organization.external_id, key=_KEY)

    async def read(self, status: AttributionStatus | None = None) -> list[AttributionView]:
        """Return all attributions with a status, the latest first."""
        async with self.stage.unit_of_work() as tx:
            where = AttributionFilter(status)
            return list(await tx.attributions.list_attributions(self.organization.id, where, limit=20 * _COMMITS))


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[_World]:
    """Give a migrated database with these rows."""
    world = _World(database_url)
    await world.populate()
    yield world
    await world.stage.database.close()


async def test_assignment_changes_many_past_commits_and_undo_restores_them(world: _World) -> None:
    """Within two seconds, with a version and an event; afterwards every row is as before."""
    before = await world.read()
    started = perf_counter()
    await world.assign()
    matched = await world.read(AttributionStatus.MATCHED)
    assert perf_counter() - started < 2
    assert len(matched) == _COMMITS
    assert {(view.method, view.address) for view in matched} == {(Method.ASSIGNED, _ADDRESS)}
    assert {view.user.id for view in matched if view.user} == {world.owner.external_id}
    assert len(await world.read(AttributionStatus.UNMATCHED)) == 9 * _COMMITS
    async with world.stage.unit_of_work() as tx:
        events = [recorded.data for recorded in await tx.domain_events.list_after(0, limit=10)]
    assert CommitsClaimedData(world.owner.external_id, _COMMITS) in events
    started = perf_counter()
    await world.unassign()
    assert await world.read(AttributionStatus.MATCHED) == []
    assert perf_counter() - started < 2
    assert await world.read() == before


async def test_assignments_at_the_same_time_are_one(world: _World) -> None:
    """Each request succeeds. The same assignment twice has one version."""
    await asyncio.gather(*(world.assign() for _ in range(4)))
    async with world.stage.unit_of_work() as tx:
        assignment = await tx.git_authors.find_assignment(world.organization.id, _ADDRESS)
        assert assignment is not None
        versions = await tx.versions.list_by_item("author_assignment", str(assignment.external_id))
    assert [version.event for version in versions] == ["created"]
    await asyncio.gather(world.assign(AssignmentKind.BOT), world.unassign(), world.assign(), world.unassign())
    async with world.stage.unit_of_work() as tx:
        await tx.git_authors.find_assignment(world.organization.id, _ADDRESS)


async def test_lists_authors_of_many_commits(world: _World) -> None:
    """In less than a second, and each page continues after the previous page."""
    actor = UserActor(world.owner.id, world.owner.external_id)
    list_authors = ListGitAuthors(world.stage.unit_of_work, world.access)
    started = perf_counter()
    page = await list_authors(
        actor, organization_id=world.organization.external_id, where=AuthorFilter(AttributionStatus.UNMATCHED)
    )
    assert perf_counter() - started < 1
    assert [page.authors[0].commits, len(page.authors)] == [_COMMITS, 50]
    following = await list_authors(
        actor, organization_id=world.organization.external_id, where=AuthorFilter(), before=page.next
    )
    assert not {one.address for one in page.authors} & {one.address for one in following.authors}
