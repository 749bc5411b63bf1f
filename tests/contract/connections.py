from dataclasses import replace
from uuid import uuid4

import pytest

from core.domain.connections import Connection, ConnectionStatus
from core.domain.errors import StorageConflict
from core.domain.identifiers import ProviderUserId, UserId
from tests.contract.world import World
from tests.support.builders import PROVIDER, now, step


class ConnectionStoreContract:
    """What every store of connections promises."""

    async def test_unknown_is_nothing(self, world: World) -> None:
        """Looking for what is not there is no error."""
        async with world.unit_of_work() as tx:
            assert await tx.connections.of_provider_users(PROVIDER, [ProviderUserId("404")]) == []
            assert await tx.connections.of_provider_users(PROVIDER, []) == []
            assert await tx.connections.find(UserId(404), PROVIDER) is None
            assert await tx.connections.get_for_update(UserId(404), PROVIDER) is None

    async def test_every_field_comes_back(self, world: World) -> None:
        """Connections are found by the provider's accounts, of this provider only."""
        one, two = await _connected(world, "1"), await _connected(world, "2")
        async with world.unit_of_work() as tx:
            found = await tx.connections.of_provider_users(
                PROVIDER, {one.provider_user_id, ProviderUserId("3")}
            )
            assert found == [one]
            both = [one.provider_user_id, two.provider_user_id]
            assert len(await tx.connections.of_provider_users(PROVIDER, both)) == 2
            assert await tx.connections.of_provider_users("gitlab", both) == []
            assert await tx.connections.find(one.user_id, PROVIDER) == one
            assert await tx.connections.get_for_update(two.user_id, PROVIDER) == two
            assert await tx.connections.find(one.user_id, "gitlab") is None

    async def test_revoking_leaves_a_version(self, world: World) -> None:
        """A connection becomes revoked with its reason, and the trail tells."""
        connection = await _connected(world)
        revoked = replace(connection, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
        async with world.unit_of_work() as tx:
            await tx.connections.apply([step(connection, revoked)])
            await tx.commit()
            [read] = await tx.connections.of_provider_users(PROVIDER, [connection.provider_user_id])
            trail = await tx.versions.of_item("connection", str(connection.external_id))
        assert read == replace(revoked, updated_at=read.updated_at)
        assert read.updated_at > connection.updated_at
        assert [version.event for version in trail] == ["created", "updated"]
        assert trail[1].changes == {"status": ["active", "revoked"], "status_reason": [None, "withdrawn"]}

    async def test_deleted_connection_is_gone(self, world: World) -> None:
        """A deleted connection is found no more, and cannot be changed."""
        connection = await _connected(world)
        async with world.unit_of_work() as tx:
            await tx.connections.apply([step(connection, None)])
            await tx.commit()
            assert await tx.connections.of_provider_users(PROVIDER, [connection.provider_user_id]) == []
        async with world.unit_of_work() as tx:
            with pytest.raises(StorageConflict):
                await tx.connections.apply([step(connection, replace(connection, provider_username="x"))])


async def _connected(world: World, provider_user_id: str = "7") -> Connection:
    user = await world.user()
    async with world.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId(provider_user_id),
            created_at=now(),
            updated_at=now(),
            provider_username="mara",
        )
        await tx.connections.apply([step(None, connection)])
        await tx.commit()
        [stored] = await tx.connections.of_provider_users(PROVIDER, [connection.provider_user_id])
    assert stored == replace(connection, updated_at=stored.updated_at)
    return stored
