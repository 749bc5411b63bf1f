import asyncio
from dataclasses import replace

import pytest

from core.domain.errors import StorageConflict, StorageUnavailable
from core.domain.integrations.integration import OrganizationAlreadyConnected
from testing.builders.entities import PROVIDER, a_fact, a_repository, an_integration, step
from testing.contracts.world import World


class UnitOfWorkContract:
    """What every unit of work promises."""

    async def test_commit_shows_everything_at_once(self, world: World) -> None:
        """Nothing of any store is seen before the commit, and all of it after."""
        organization = await world.organization()
        async with world.unit_of_work() as tx:
            integration = an_integration(await tx.integrations.next_id(), organization)
            await tx.integrations.apply([step(None, integration)])
            await tx.catalog.save_repositories([a_repository(integration)])
            await tx.domain_events.append([a_fact(organization)])
            async with world.unit_of_work() as other:
                assert await other.integrations.find(organization.id, PROVIDER) is None
                assert await other.catalog.load_repositories(integration.id) == []
                assert await other.domain_events.list_after(0, limit=10) == []
            await tx.commit()
        async with world.unit_of_work() as other:
            assert await other.integrations.find(organization.id, PROVIDER) is not None
            assert len(await other.catalog.load_repositories(integration.id)) == 1
            assert len(await other.domain_events.list_after(0, limit=10)) == 1
            assert len(await other.versions.list_by_item("integration", str(integration.external_id))) == 1

    async def test_transaction_sees_its_own_writes(self, world: World) -> None:
        """What a transaction wrote it reads back before it commits."""
        organization = await world.organization()
        async with world.unit_of_work() as tx:
            integration = an_integration(await tx.integrations.next_id(), organization)
            await tx.integrations.apply([step(None, integration)])
            assert await tx.integrations.find(organization.id, PROVIDER) is not None

    @pytest.mark.parametrize("leave", [None, ZeroDivisionError, asyncio.CancelledError])
    async def test_leaving_without_commit_changes_nothing(
        self, world: World, leave: type[BaseException] | None
    ) -> None:
        """However the block is left, only a commit keeps what was written."""
        integration = await world.integration()
        try:
            async with world.unit_of_work() as tx:
                await tx.integrations.apply([step(integration, replace(integration, provider_name="other"))])
                await tx.catalog.save_repositories([a_repository(integration)])
                if leave:
                    raise leave
        except (ZeroDivisionError, asyncio.CancelledError):
            pass
        async with world.unit_of_work() as tx:
            assert await tx.integrations.find(integration.organization_id, PROVIDER) == integration
            assert await tx.catalog.load_repositories(integration.id) == []

    async def test_task_cancelled_in_the_middle_changes_nothing(self, world: World) -> None:
        """A caller who hangs up leaves nothing behind and blocks nobody."""
        integration = await world.integration()
        wrote = asyncio.Event()

        async def write_and_wait() -> None:
            async with world.unit_of_work() as tx:
                await tx.catalog.save_repositories([a_repository(integration)])
                wrote.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write_and_wait())
        await wrote.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await world.repositories(integration, "2")
        async with world.unit_of_work() as tx:
            assert [row.repo_id for row in await tx.catalog.load_repositories(integration.id)] == ["2"]

    async def test_failed_commit_changes_nothing(self, world: World) -> None:
        """Storage lost before the commit is an error of its own kind, and nothing was changed."""
        integration = await world.integration()
        async with world.unit_of_work() as tx:
            await tx.catalog.save_repositories([a_repository(integration)])
            await world.lose_storage()
            with pytest.raises(StorageUnavailable) as refusal:
                await tx.commit()
        assert refusal.value.retry_after
        await world.restore_storage()
        async with world.unit_of_work() as tx:
            assert await tx.catalog.load_repositories(integration.id) == []

    async def test_refused_write_dooms_the_transaction(self, world: World) -> None:
        """Whoever catches a refusal and commits all the same is told, and nothing is half written."""
        integration = await world.integration()
        organization = await world.organization()
        async with world.unit_of_work() as tx:
            await tx.catalog.save_repositories([a_repository(integration)])
            rival = an_integration(
                await tx.integrations.next_id(), replace(organization, id=integration.organization_id)
            )
            with pytest.raises(OrganizationAlreadyConnected):
                await tx.integrations.apply([step(None, rival)])
            with pytest.raises(StorageConflict):
                await tx.commit()
        async with world.unit_of_work() as tx:
            assert await tx.catalog.load_repositories(integration.id) == []

    async def test_twenty_writers_of_one_row_lose_nothing(self, world: World) -> None:
        """Writers that read for update take turns."""
        integration = await world.integration(settings={"count": 0})

        async def increment() -> None:
            async with world.unit_of_work() as tx:
                known = await tx.integrations.get_for_update(integration.organization_id, PROVIDER)
                assert known is not None
                counted = replace(known, settings={"count": known.settings["count"] + 1})
                await tx.integrations.apply([step(known, counted)])
                await tx.commit()

        await asyncio.gather(*(increment() for _ in range(20)))
        async with world.unit_of_work() as tx:
            known = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert known is not None
        assert known.settings == {"count": 20}

    async def test_commit_of_nothing_is_fine(self, world: World) -> None:
        """A transaction that only read, or did nothing, commits."""
        async with world.unit_of_work() as tx:
            assert await tx.housekeeping.load_secret_uses() == {}
            await tx.commit()
