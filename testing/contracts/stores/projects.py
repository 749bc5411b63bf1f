import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import uuid4

import pytest

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.identifiers import RepoId
from core.domain.organizations import Organization, Project, ProjectNameTaken, ProjectPosition
from ports.unit_of_work import Transaction
from testing.builders.entities import BY, PROVIDER, build_change, build_link, now
from testing.contracts.store_stage import StoreStage


class ProjectStoreContract:
    """What every store of projects promises."""

    async def test_only_its_own_organization_finds_a_project(self, stage: StoreStage) -> None:
        """A project elsewhere is as if it were not there."""
        organization, other = await stage.add_organization(), await stage.add_organization("Zenith")
        project = await stage.add_project(organization)
        async with stage.unit_of_work() as tx:
            for find in (tx.projects.find, tx.projects.get_for_update):
                assert await find(organization.id, project.external_id) == project
                assert await find(other.id, project.external_id) is None
                assert await find(organization.id, uuid4()) is None
            assert await tx.projects.find_many(organization.id, [project.external_id, uuid4()]) == [project]
            assert await tx.projects.find_many(organization.id, []) == []
            assert await tx.projects.find_many(other.id, [project.external_id]) == []
            assert await tx.projects.list(other.id, limit=10) == []

    async def test_projects_are_listed_by_name_page_by_page(self, stage: StoreStage) -> None:
        """In the order of code points, whatever language, and of equal names each once."""
        organization = await stage.add_organization()
        names = ["Zebra", "apple", "a b", "Äpfel", "🚀", "Zebra"]
        projects = [await stage.add_project(organization, name) for name in names]
        expected = sorted(projects, key=lambda project: (project.name, project.external_id))
        seen: list[Project] = []
        async with stage.unit_of_work() as tx:
            while page := await tx.projects.list(organization.id, limit=2, after=_place(seen)):
                seen += page
        assert seen == expected

    async def test_pages_are_stable_while_projects_come(self, stage: StoreStage) -> None:
        """What comes before the place is not shown again, and pushes nothing out."""
        organization = await stage.add_organization()
        for name in "bdf":
            await stage.add_project(organization, name)
        async with stage.unit_of_work() as tx:
            first = await tx.projects.list(organization.id, limit=2)
        for name in "ae":
            await stage.add_project(organization, name)
        async with stage.unit_of_work() as tx:
            second = await tx.projects.list(organization.id, limit=9, after=_place(first))
        assert [project.name for project in [*first, *second]] == ["b", "d", "e", "f"]

    async def test_projects_with_and_without_a_link(self, stage: StoreStage) -> None:
        """Either can be listed alone."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        linked, free = await stage.add_project(organization, "a"), await stage.add_project(organization, "b")
        await stage.add_link(linked, integration)
        async with stage.unit_of_work() as tx:
            assert await tx.projects.list(organization.id, limit=9, linked=True) == [linked]
            assert await tx.projects.list(organization.id, limit=9, linked=False) == [free]
            after = ProjectPosition("a", linked.external_id)
            assert await tx.projects.list(organization.id, limit=9, linked=True, after=after) == []

    async def test_projects_linked_to_repositories(self, stage: StoreStage) -> None:
        """Of each repository those linked first, so many at most; nobody else's projects or repositories."""
        organization, other = await stage.add_organization(), await stage.add_organization("Zenith")
        integration = await stage.add_integration(organization)
        elsewhere = await stage.add_integration(other, provider_id="2")
        last, first, second, third = [await stage.add_project(organization, name) for name in "abcd"]
        for project in (first, second, third):
            await stage.add_link(project, integration, repo_id=RepoId("1"))
        await stage.add_link(last, integration, repo_id=RepoId("2"))
        await stage.add_link(await stage.add_project(other), elsewhere, repo_id=RepoId("1"))
        repo_ids = [RepoId("1"), RepoId("2"), RepoId("3")]
        async with stage.unit_of_work() as tx:
            projects = await tx.projects.list_by_repositories(organization.id, integration.id, repo_ids, most=2)
            assert {repo_id: list(projects) for repo_id, projects in projects.items()} == {
                "1": [first, second],
                "2": [last],
            }
            assert not await tx.projects.list_by_repositories(organization.id, integration.id, [], most=2)
            assert not await tx.projects.list_by_repositories(other.id, integration.id, repo_ids, most=2)
            assert not await tx.projects.list_by_repositories(organization.id, elsewhere.id, repo_ids, most=2)

    async def test_a_project_is_made_with_its_version(self, stage: StoreStage) -> None:
        """The audit version names the actor."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            project = await _add(tx, organization, "Größe 🚀")
            await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.projects.find(organization.id, project.external_id) == project
            [version] = await tx.versions.list_by_item("project", str(project.external_id))
        assert (version.event, version.actor, version.request_id) == ("created", BY.name, BY.request_id)
        assert version.changes["name"] == [None, "Größe 🚀"]

    async def test_a_project_that_is_not_committed_leaves_nothing(self, stage: StoreStage) -> None:
        """No row, no version, and its name is free."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            project = await _add(tx, organization, "Rocket")
        async with stage.unit_of_work() as tx:
            assert await tx.projects.list(organization.id, limit=9) == []
            assert await tx.versions.list_by_item("project", str(project.external_id)) == []
            await _add(tx, organization, "Rocket")
            await tx.commit()

    async def test_a_name_is_taken_in_one_organization(self, stage: StoreStage) -> None:
        """Names are compared exactly, and are unique in one organization only."""
        organization, other = await stage.add_organization(), await stage.add_organization("Zenith")
        await stage.add_project(organization, "Rocket")
        async with stage.unit_of_work() as tx:
            await _add(tx, other, "Rocket")
            await _add(tx, organization, "rocket")
            await tx.commit()
        async with stage.unit_of_work() as tx:
            with pytest.raises(ProjectNameTaken):
                await _add(tx, organization, "Rocket")

    async def test_twenty_race_for_one_name(self, stage: StoreStage) -> None:
        """One project gets the name, and the others get an error."""
        organization = await stage.add_organization()

        async def race() -> str:
            try:
                async with stage.unit_of_work() as tx:
                    await _add(tx, organization, "Rocket")
                    await tx.commit()
            except DomainError as refusal:
                return refusal.code
            return "made"

        outcomes = await asyncio.gather(*(race() for _ in range(20)))
        assert Counter(outcomes) == {"made": 1, "project_name_taken": 19}

    async def test_twenty_who_hold_a_project_take_turns(self, stage: StoreStage) -> None:
        """What one of them did is seen by all who come after."""
        organization = await stage.add_organization()
        project = await stage.add_project(organization)
        integration = await stage.add_integration(organization)

        async def link_unless_linked() -> bool:
            async with stage.unit_of_work() as tx:
                await tx.projects.get_for_update(organization.id, project.external_id)
                if await tx.links.find(project.id, PROVIDER):
                    return False
                link = build_link(await tx.links.next_id(), project, integration)
                await tx.links.apply([build_change(None, link)])
                await tx.commit()
                return True

        assert sum(await asyncio.gather(*(link_unless_linked() for _ in range(20)))) == 1

    async def test_failed_commit_frees_the_key(self, stage: StoreStage) -> None:
        """Nothing was made."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            await _add(tx, organization, "Rocket")
            await stage.lose_storage()
            with pytest.raises(StorageUnavailable):
                await tx.commit()
        await stage.restore_storage()
        async with stage.unit_of_work() as tx:
            assert await tx.projects.list(organization.id, limit=9) == []


def _place(seen: Sequence[Project]) -> ProjectPosition | None:
    return ProjectPosition(seen[-1].name, seen[-1].external_id) if seen else None


async def _add(tx: Transaction, organization: Organization, name: str) -> Project:
    project = Project(await tx.projects.next_id(), uuid4(), organization.id, name, now())
    await tx.projects.add(project, BY)
    return project
