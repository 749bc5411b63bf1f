from testing.builders.entities import build_repository, now, time_ago
from testing.contracts.store_stage import StoreStage


class ProjectOverviewContract:
    """What every store of projects promises about counts and the latest pushes."""

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
        """No rows are no error."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            counts = await tx.projects.count(organization.id)
            assert (counts.projects, counts.linked, counts.repositories, counts.unreachable) == (0, 0, 0, 0)
            assert await tx.projects.list_by_last_push(organization.id, limit=9) == []
