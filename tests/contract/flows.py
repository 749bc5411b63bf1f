import asyncio

import pytest

from core.domain.errors import StorageConflict
from core.domain.identifiers import AccountId, ProviderUserId
from tests.contract.world import World
from tests.support.builders import PROVIDER, ago

_KEY = (ProviderUserId("7"), AccountId("9"))


class FlowStoreContract:
    """What every store of browser flows promises."""

    async def test_only_this_requester_for_this_account(self, world: World) -> None:
        """A request is found by exactly its requester and its account, of its provider."""
        organization, user = await world.organization(), await world.user()
        request = await world.request(organization, user)
        await world.request(organization, user, requester_id=ProviderUserId("8"))
        await world.request(organization, user, account_id=AccountId("10"))
        async with world.unit_of_work() as tx:
            assert await tx.flows.awaiting_approval(PROVIDER, [_KEY, _KEY]) == [request]
            assert await tx.flows.awaiting_approval("gitlab", [_KEY]) == []
            crossed = {(ProviderUserId("8"), AccountId("10"))}
            assert await tx.flows.awaiting_approval(PROVIDER, crossed) == []
            assert await tx.flows.awaiting_approval(PROVIDER, []) == []

    async def test_oldest_first(self, world: World) -> None:
        """Several requests come in the order they were made."""
        organization, user = await world.organization(), await world.user()
        requests = [await world.request(organization, user) for _ in range(3)]
        async with world.unit_of_work() as tx:
            assert await tx.flows.awaiting_approval(PROVIDER, {_KEY}) == requests

    async def test_expired_request_is_over(self, world: World) -> None:
        """A request matches nothing after its time."""
        await world.request(await world.organization(), await world.user(), expires_at=ago(seconds=1))
        async with world.unit_of_work() as tx:
            assert await tx.flows.awaiting_approval(PROVIDER, [_KEY]) == []

    async def test_the_request_of_an_organization(self, world: World) -> None:
        """The newest of its own that still waits, with this provider; none once it is over."""
        organization, user = await world.organization(), await world.user()
        await world.request(await world.organization(), user)
        await world.request(organization, user, provider="gitlab")
        async with world.unit_of_work() as tx:
            assert await tx.flows.pending_of(organization.id, PROVIDER) is None
        await world.request(organization, user)
        newest = await world.request(organization, user, account_id=AccountId("10"))
        await world.request(organization, user, expires_at=ago(seconds=1))
        async with world.unit_of_work() as tx:
            assert await tx.flows.pending_of(organization.id, PROVIDER) == newest
            await tx.flows.complete([newest])
            known = await tx.flows.pending_of(organization.id, PROVIDER)
        assert known is not None
        assert known.account_id == AccountId("9")

    async def test_completed_request_is_over(self, world: World) -> None:
        """A completed request matches nothing, and completing it again is refused."""
        request = await world.request(await world.organization(), await world.user())
        async with world.unit_of_work() as tx:
            await tx.flows.complete([])
            await tx.flows.complete([request])
            await tx.commit()
            assert await tx.flows.awaiting_approval(PROVIDER, [_KEY]) == []
        async with world.unit_of_work() as tx:
            with pytest.raises(StorageConflict):
                await tx.flows.complete([request])

    async def test_twenty_race_to_complete_one(self, world: World) -> None:
        """One completes it, the others are told it is over."""
        request = await world.request(await world.organization(), await world.user())

        async def complete() -> bool:
            try:
                async with world.unit_of_work() as tx:
                    await tx.flows.complete([request])
                    await tx.commit()
            except StorageConflict:
                return False
            return True

        assert sum(await asyncio.gather(*(complete() for _ in range(20)))) == 1
