import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from core.domain.errors import DomainError, StorageConflict
from core.domain.identifiers import IntegrationId, LinkId, ProjectId, RepoId
from core.domain.links.link import Link, ProjectAlreadyLinked
from testing.builders.entities import PROVIDER, build_change, build_link
from testing.contracts.store_stage import StoreStage


class LinkStoreContract:
    """What every store of links promises."""

    async def test_unknown_is_none(self, stage: StoreStage) -> None:
        """Looking for what is not there is no error."""
        async with stage.unit_of_work() as tx:
            assert await tx.links.find(ProjectId(404), PROVIDER) is None
            assert await tx.links.list_by_repositories([(IntegrationId(404), RepoId("1"))]) == []
            assert await tx.links.list_by_repositories([]) == []
            assert await tx.links.list_by_integration(IntegrationId(404)) == []
            assert await tx.links.list_by_projects([ProjectId(404)]) == []
            assert await tx.links.list_by_projects([]) == []
            assert await tx.links.detach_events(LinkId(404), limit=10) == 0

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """A link is read as it was written, all fields set, and of its provider only."""
        organization = await stage.add_organization()
        project = await stage.add_project(organization)
        integration = await stage.add_integration(organization)
        async with stage.unit_of_work() as tx:
            written = build_link(
                await tx.links.next_id(),
                project,
                integration,
                repo_url="https://github.com/acme/widgets",
                default_branch="trunk",
                webhooks_enabled=False,
                settings={"root_directory": "apps/web"},
                previous_full_name="acme/gadgets",
            )
            await tx.links.apply([build_change(None, written)])
            await tx.commit()
        async with stage.unit_of_work() as tx:
            read = await tx.links.find(project.id, PROVIDER)
            assert read is not None
            assert read == replace(written, updated_at=read.updated_at)
            assert read.updated_at >= written.updated_at
            assert await tx.links.find(project.id, "gitlab") is None

    async def test_links_of_exactly_these_repositories(self, stage: StoreStage) -> None:
        """Pairs are meant as pairs, and links come oldest first."""
        organization = await stage.add_organization()
        item = await stage.add_integration(organization)
        two = await stage.add_integration(await stage.add_organization(), provider_id="2")
        links = [
            await stage.add_link(await stage.add_project(organization), integration, repo_id=RepoId(repo_id))
            for integration, repo_id in [(item, "1"), (item, "2"), (two, "1"), (two, "2"), (item, "1")]
        ]
        async with stage.unit_of_work() as tx:
            found = await tx.links.list_by_repositories({(two.id, RepoId("2")), (item.id, RepoId("1"))})
            assert found == [links[0], links[3], links[4]]
            assert await tx.links.list_by_integration(item.id) == [links[0], links[1], links[4]]
            projects = [links[3].project_id, links[0].project_id, ProjectId(404)]
            assert await tx.links.list_by_projects(projects) == [links[0], links[3]]

    async def test_steps_write_and_leave_versions(self, stage: StoreStage) -> None:
        """A link is made, changed and deleted, and the trail outlives it."""
        project, link = await _link(stage)
        renamed = replace(link, repo_full_name="acme/gadgets")
        async with stage.unit_of_work() as tx:
            await tx.links.apply([build_change(link, renamed)])
            await tx.commit()
            read = await tx.links.find(project, PROVIDER)
        assert read is not None
        assert read.repo_full_name == "acme/gadgets"
        async with stage.unit_of_work() as tx:
            await tx.links.apply([build_change(read, None)])
            await tx.commit()
            assert await tx.links.find(project, PROVIDER) is None
            trail = await tx.versions.list_by_item("link", str(link.external_id))
        assert [version.event for version in trail] == ["created", "updated", "deleted"]
        assert trail[1].changes == {"repo_full_name": ["acme/widgets", "acme/gadgets"]}

    async def test_project_has_one_link(self, stage: StoreStage) -> None:
        """A second link of a project with the same provider is refused."""
        organization = await stage.add_organization()
        project = await stage.add_project(organization)
        integration = await stage.add_integration(organization)
        await stage.add_link(project, integration)
        with pytest.raises(ProjectAlreadyLinked):
            await stage.add_link(project, integration, repo_id=RepoId("2"))

    async def test_replaces_a_link_in_one_step(self, stage: StoreStage) -> None:
        """The place that a deletion frees may be taken in the same call."""
        project, link = await _link(stage)
        async with stage.unit_of_work() as tx:
            new = replace(link, id=await tx.links.next_id(), external_id=link.project_external_id)
            await tx.links.apply([build_change(link, None), build_change(None, replace(new, repo_id=RepoId("2")))])
            await tx.commit()
            read = await tx.links.find(project, PROVIDER)
        assert read is not None
        assert read.repo_id == "2"

    async def test_made_and_deleted_at_once(self, stage: StoreStage) -> None:
        """Steps that cancel out leave no row, but their versions."""
        project, link = await _link(stage)
        async with stage.unit_of_work() as tx:
            await tx.links.apply([build_change(link, None)])
            brief = replace(link, id=await tx.links.next_id(), external_id=link.project_external_id)
            await tx.links.apply([build_change(None, brief), build_change(brief, None)])
            await tx.commit()
            assert await tx.links.find(project, PROVIDER) is None
            assert len(await tx.versions.list_by_item("link", str(brief.external_id))) == 2

    @pytest.mark.parametrize("again", [True, False])
    async def test_deleted_link_does_not_come_back(self, stage: StoreStage, again: bool) -> None:
        """Changing or deleting a deleted link raises an error, and the link stays deleted."""
        project, link = await _link(stage)
        async with stage.unit_of_work() as tx:
            await tx.links.apply([build_change(link, None)])
            await tx.commit()
        late = build_change(link, None if again else replace(link, webhooks_enabled=False))
        async with stage.unit_of_work() as tx:
            with pytest.raises(StorageConflict):
                await tx.links.apply([late])
            with pytest.raises(StorageConflict):
                await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.links.find(project, PROVIDER) is None

    async def test_twenty_links_race_for_one_project(self, stage: StoreStage) -> None:
        """One transaction succeeds, and the others get an error with the reason."""
        organization = await stage.add_organization()
        project = await stage.add_project(organization)
        integration = await stage.add_integration(organization)

        async def link(number: int) -> str:
            try:
                async with stage.unit_of_work() as tx:
                    repo_id = RepoId(str(number))
                    new = build_link(await tx.links.next_id(), project, integration, repo_id=repo_id)
                    await tx.links.apply([build_change(None, new)])
                    await tx.commit()
            except DomainError as refusal:
                return refusal.code
            return "linked"

        outcomes = await asyncio.gather(*(link(number) for number in range(20)))
        assert Counter(outcomes) == {"linked": 1, "project_already_linked": 19}

    async def test_returned_values_are_isolated(self, stage: StoreStage) -> None:
        """Changing a returned value does not change the stored value."""
        project, link = await _link(stage)
        async with stage.unit_of_work() as tx:
            read = await tx.links.find(project, PROVIDER)
            assert read is not None
            read.settings["list"].append(2)
            assert await tx.links.find(project, PROVIDER) == link


async def _link(stage: StoreStage) -> tuple[ProjectId, Link]:
    organization = await stage.add_organization()
    project = await stage.add_project(organization)
    link = await stage.add_link(project, await stage.add_integration(organization), settings={"list": [1]})
    return project.id, link
