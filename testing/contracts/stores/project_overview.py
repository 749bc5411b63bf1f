from datetime import timedelta

from core.domain.events.event import EventStatus
from core.domain.integrations.views import IntegrationUse
from testing.builders.entities import build_repository, build_result, now, time_ago
from testing.contracts.store_stage import StoreStage


class ProjectOverviewContract:
    """What every store promises about counts of projects, the latest pushes and the use of an integration."""

    async def test_counts_projects_and_lists_the_latest_pushes(self, stage: StoreStage) -> None:
        """Only those of the organization; a removed repository cannot be accessed."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        names = ("Quiet", "Busy", "Unknown", "Gone", "Unlinked")
        quiet, busy, unknown, gone, _ = [await stage.add_project(organization, name) for name in names]
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories(
                [
                    build_repository(integration, "1", pushed_at=time_ago(days=9)),
                    build_repository(integration, "2", pushed_at=now(), full_name="acme/renamed"),
                    build_repository(integration, "4", pushed_at=time_ago(days=1), removed_at=now()),
                    build_repository(integration, "5"),
                ]
            )
            await tx.commit()
        for project, repo_id in ((quiet, "1"), (busy, "2"), (unknown, "3"), (gone, "4")):
            await stage.add_link(project, integration, repo_id=repo_id)
        other = await stage.add_organization("Zenith")
        await stage.add_link(await stage.add_project(other), await stage.add_integration(other, provider_id="2"))
        async with stage.unit_of_work() as tx:
            counts = await tx.projects.count(organization.id)
            pushed = await tx.projects.list_by_last_push(organization.id, limit=9)
            assert await tx.projects.list_by_last_push(organization.id, limit=2) == pushed[:2]
        assert (counts.projects, counts.linked, counts.repositories, counts.unreachable) == (5, 4, 3, 2)
        assert [item.project for item in pushed] == [busy, gone, quiet, unknown]
        assert (pushed[0].repo_id, pushed[0].repo_full_name) == ("2", "acme/renamed")
        assert pushed[3].pushed_at is None

    async def test_an_empty_organization_has_nothing(self, stage: StoreStage) -> None:
        """Counts are zero, and the list is empty."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            counts = await tx.projects.count(organization.id)
            assert (counts.projects, counts.linked, counts.repositories, counts.unreachable) == (0, 0, 0, 0)
            assert await tx.projects.list_by_last_push(organization.id, limit=9) == []

    async def test_counts_what_an_integration_is_used_for(self, stage: StoreStage) -> None:
        """Not what belongs to another integration, and no failure of an earlier hour."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        other = await stage.add_integration(provider_id="2")
        for owner in (integration, other):
            await stage.add_repositories(owner, "1", "2")
            await stage.record_results(build_result(await stage.add_event(), owner, EventStatus.FAILED))
            await stage.record_results(build_result(await stage.add_event(), owner, EventStatus.PROCESSED))
        for name in ("One", "Two"):
            await stage.add_link(await stage.add_project(organization, name), integration, repo_id="1")
        async with stage.unit_of_work() as tx:
            recent = await tx.integrations.count_use(integration.id, since=time_ago(hours=2))
            assert recent == IntegrationUse(repositories=2, projects=2, failed=1)
            later = await tx.integrations.count_use(integration.id, since=now() + timedelta(hours=2))
            assert later == IntegrationUse(repositories=2, projects=2, failed=0)
