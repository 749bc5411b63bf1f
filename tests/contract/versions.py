from dataclasses import replace

from tests.contract.world import World
from tests.support.builders import step


class VersionStoreContract:
    """What every audit trail promises."""

    async def test_unknown_item_has_no_history(self, world: World) -> None:
        """Asking for the history of nothing is no error."""
        async with world.unit_of_work() as tx:
            assert await tx.versions.of_item("integration", "404") == []

    async def test_history_is_the_items_own(self, world: World) -> None:
        """An item's versions come oldest first, without those of other items or types."""
        one, two = await world.integration(), await world.integration(provider_id="2")
        async with world.unit_of_work() as tx:
            await tx.integrations.apply(
                [
                    step(one, replace(one, provider_name="b")),
                    step(two, replace(two, provider_name="c")),
                    step(replace(one, provider_name="b"), replace(one, provider_name="d")),
                ]
            )
            await tx.commit()
        async with world.unit_of_work() as tx:
            trail = await tx.versions.of_item("integration", str(one.external_id))
            assert [version.changes["provider_name"] for version in trail] == [
                [None, "acme"],
                ["acme", "b"],
                ["b", "d"],
            ]
            assert [version.id for version in trail] == sorted(version.id for version in trail)
            assert await tx.versions.of_item("link", str(one.external_id)) == []

    async def test_rolled_back_change_leaves_no_version(self, world: World) -> None:
        """The trail tells only what happened."""
        integration = await world.integration()
        async with world.unit_of_work() as tx:
            await tx.integrations.apply([step(integration, replace(integration, provider_name="b"))])
        async with world.unit_of_work() as tx:
            assert len(await tx.versions.of_item("integration", str(integration.external_id))) == 1
