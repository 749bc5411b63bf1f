import asyncio
from dataclasses import replace

import pytest

from core.domain.errors import StorageConflict, StorageUnavailable
from core.domain.integrations.integration import OrganizationAlreadyConnected
from testing.builders.entities import PROVIDER, build_change, build_domain_event, build_integration, build_repository
from testing.contracts.store_stage import StoreStage


class UnitOfWorkContract:
    """What every unit of work promises."""

    async def test_commit_shows_everything_at_once(self, stage: StoreStage) -> None:
        """Nothing of any store is seen before the commit, and all of it after."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            integration = build_integration(await tx.integrations.next_id(), organization)
            await tx.integrations.apply([build_change(None, integration)])
            await tx.catalog.save_repositories([build_repository(integration)])
            await tx.domain_events.append([build_domain_event(organization)])
            async with stage.unit_of_work() as other:
                assert await other.integrations.find(organization.id, PROVIDER) is None
                assert await other.catalog.load_repositories(integration.id) == []
                assert await other.domain_events.list_after(0, limit=10) == []
            await tx.commit()
        async with stage.unit_of_work() as other:
            assert await other.integrations.find(organization.id, PROVIDER) is not None
            assert len(await other.catalog.load_repositories(integration.id)) == 1
            assert len(await other.domain_events.list_after(0, limit=10)) == 1
            assert len(await other.versions.list_by_item("integration", str(integration.external_id))) == 1

    async def test_transaction_sees_its_own_writes(self, stage: StoreStage) -> None:
        """What a transaction wrote it reads back before it commits."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            integration = build_integration(await tx.integrations.next_id(), organization)
            await tx.integrations.apply([build_change(None, integration)])
            assert await tx.integrations.find(organization.id, PROVIDER) is not None

    @pytest.mark.parametrize("leave", [None, ZeroDivisionError, asyncio.CancelledError])
    async def test_leaving_without_commit_changes_nothing(
        self, stage: StoreStage, leave: type[BaseException] | None
    ) -> None:
        """However the block is left, only a commit keeps what was written."""
        integration = await stage.add_integration()
        try:
            async with stage.unit_of_work() as tx:
                await tx.integrations.apply([build_change(integration, replace(integration, provider_name="other"))])
                await tx.catalog.save_repositories([build_repository(integration)])
                if leave:
                    raise leave
        except (ZeroDivisionError, asyncio.CancelledError):
            pass
        async with stage.unit_of_work() as tx:
            assert await tx.integrations.find(integration.organization_id, PROVIDER) == integration
            assert await tx.catalog.load_repositories(integration.id) == []

    async def test_task_cancelled_in_the_middle_changes_nothing(self, stage: StoreStage) -> None:
        """A caller who hangs up leaves nothing behind and blocks nobody."""
        integration = await stage.add_integration()
        wrote = asyncio.Event()

        async def write_and_wait() -> None:
            async with stage.unit_of_work() as tx:
                await tx.catalog.save_repositories([build_repository(integration)])
                wrote.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write_and_wait())
        await wrote.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await stage.add_repositories(integration, "2")
        async with stage.unit_of_work() as tx:
            assert [row.repo_id for row in await tx.catalog.load_repositories(integration.id)] == ["2"]

    async def test_failed_commit_changes_nothing(self, stage: StoreStage) -> None:
        """If the storage is lost before the commit, `StorageUnavailable` is raised and nothing is changed."""
        integration = await stage.add_integration()
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories([build_repository(integration)])
            await stage.lose_storage()
            with pytest.raises(StorageUnavailable) as refusal:
                await tx.commit()
        assert refusal.value.retry_after
        await stage.restore_storage()
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.load_repositories(integration.id) == []

    async def test_refused_write_dooms_the_transaction(self, stage: StoreStage) -> None:
        """Committing after a caught error raises an error, and no part of the transaction is stored."""
        integration = await stage.add_integration()
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            await tx.catalog.save_repositories([build_repository(integration)])
            rival = build_integration(
                await tx.integrations.next_id(), replace(organization, id=integration.organization_id)
            )
            with pytest.raises(OrganizationAlreadyConnected):
                await tx.integrations.apply([build_change(None, rival)])
            with pytest.raises(StorageConflict):
                await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.catalog.load_repositories(integration.id) == []

    async def test_twenty_writers_of_one_row_lose_nothing(self, stage: StoreStage) -> None:
        """Writers that read for update take turns."""
        integration = await stage.add_integration(settings={"count": 0})

        async def increment() -> None:
            async with stage.unit_of_work() as tx:
                known = await tx.integrations.get_for_update(integration.organization_id, PROVIDER)
                assert known is not None
                counted = replace(known, settings={"count": known.settings["count"] + 1})
                await tx.integrations.apply([build_change(known, counted)])
                await tx.commit()

        await asyncio.gather(*(increment() for _ in range(20)))
        async with stage.unit_of_work() as tx:
            known = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert known is not None
        assert known.settings == {"count": 20}

    async def test_commit_of_nothing_is_fine(self, stage: StoreStage) -> None:
        """A transaction that only read, or did nothing, commits."""
        async with stage.unit_of_work() as tx:
            assert await tx.housekeeping.load_secret_uses() == {}
            await tx.commit()
