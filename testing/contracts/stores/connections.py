import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from core.domain.connections import Connection, ConnectionStatus, ProviderAccountTaken
from core.domain.errors import StorageConflict
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId
from testing.builders.entities import PROVIDER, build_change, now
from testing.contracts.store_stage import StoreStage


class ConnectionStoreContract:
    """What every store of connections promises."""

    async def test_unknown_is_nothing(self, stage: StoreStage) -> None:
        """Looking for what is not there is no error."""
        async with stage.unit_of_work() as tx:
            assert await tx.connections.list_by_provider_users(PROVIDER, [ProviderUserId("404")]) == []
            assert await tx.connections.list_by_provider_users(PROVIDER, []) == []
            assert await tx.connections.find(UserId(404), PROVIDER) is None
            assert await tx.connections.get_for_update(UserId(404), PROVIDER) is None

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """Connections are found by the provider's accounts, of this provider only."""
        item, two = await _connect(stage, "1"), await _connect(stage, "2")
        async with stage.unit_of_work() as tx:
            found = await tx.connections.list_by_provider_users(PROVIDER, {item.provider_user_id, ProviderUserId("3")})
            assert found == [item]
            both = [item.provider_user_id, two.provider_user_id]
            assert len(await tx.connections.list_by_provider_users(PROVIDER, both)) == 2
            assert await tx.connections.list_by_provider_users("gitlab", both) == []
            assert await tx.connections.find(item.user_id, PROVIDER) == item
            assert await tx.connections.get_for_update(two.user_id, PROVIDER) == two
            assert await tx.connections.find(item.user_id, "gitlab") is None

    async def test_revoking_leaves_a_version(self, stage: StoreStage) -> None:
        """A connection becomes revoked with its reason and an audit version."""
        connection = await _connect(stage)
        revoked = replace(connection, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
        async with stage.unit_of_work() as tx:
            await tx.connections.apply([build_change(connection, revoked)])
            await tx.commit()
            [read] = await tx.connections.list_by_provider_users(PROVIDER, [connection.provider_user_id])
            trail = await tx.versions.list_by_item("connection", str(connection.external_id))
        assert read == replace(revoked, updated_at=read.updated_at)
        assert read.updated_at > connection.updated_at
        assert [version.event for version in trail] == ["created", "updated"]
        assert trail[1].changes == {"status": ["active", "revoked"], "status_reason": [None, "withdrawn"]}

    async def test_deleted_connection_is_gone(self, stage: StoreStage) -> None:
        """A deleted connection is found no more, and cannot be changed."""
        connection = await _connect(stage)
        async with stage.unit_of_work() as tx:
            await tx.connections.apply([build_change(connection, None)])
            await tx.commit()
            assert await tx.connections.list_by_provider_users(PROVIDER, [connection.provider_user_id]) == []
        async with stage.unit_of_work() as tx:
            with pytest.raises(StorageConflict):
                await tx.connections.apply([build_change(connection, replace(connection, provider_username="x"))])

    async def test_an_account_is_one_users_and_a_user_has_one(self, stage: StoreStage) -> None:
        """The second transaction fails, and none of its changes stay."""
        first = await _connect(stage, "1")
        other = await stage.add_user("jonas@acme.example")
        second = replace(first, external_id=uuid4(), user_id=other.id)
        for change, refusal in (
            (second, ProviderAccountTaken),
            (replace(second, user_id=first.user_id, provider_user_id=ProviderUserId("2")), StorageConflict),
        ):
            async with stage.unit_of_work() as tx:
                with pytest.raises(refusal):
                    await tx.connections.apply([build_change(None, replace(change, id=await tx.connections.next_id()))])
                with pytest.raises(StorageConflict):
                    await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.connections.find(other.id, PROVIDER) is None

    async def test_twenty_users_race_for_one_account(self, stage: StoreStage) -> None:
        """One user gets the account, and the others get an error."""
        users = [await stage.add_user(f"{number}@acme.example") for number in range(20)]
        results = await asyncio.gather(*(stage.add_connection(user, "7") for user in users), return_exceptions=True)
        assert sum(isinstance(result, Connection) for result in results) == 1
        assert sum(isinstance(result, ProviderAccountTaken) for result in results) == 19

    async def test_a_users_own(self, stage: StoreStage) -> None:
        """A user's connections, of every provider, and nobody else's."""
        item = await _connect(stage, "1")
        await _connect(stage, "2")
        elsewhere = replace(item, external_id=uuid4(), provider="gitlab")
        async with stage.unit_of_work() as tx:
            elsewhere = replace(elsewhere, id=await tx.connections.next_id())
            await tx.connections.apply([build_change(None, elsewhere)])
            await tx.commit()
            found = await tx.connections.list_by_user(item.user_id)
            assert [connection.provider for connection in found] == ["github", "gitlab"]
            assert found[0] == item
            assert await tx.connections.list_by_user(UserId(404)) == []

    async def test_addresses_are_one_connections(self, stage: StoreStage) -> None:
        """Returns whether an address is new. Other connections lose the addresses."""
        item, two = await _connect(stage, "1"), await _connect(stage, "2")
        for connection, emails, is_new in (
            (item, ["a@x.example", "b@x.example"], True),
            (item, ["b@x.example"], False),
            (item, ["b@x.example", "a@x.example"], True),
            (two, ["b@x.example", "c@x.example"], True),
            (two, ["c@x.example"], False),
        ):
            async with stage.unit_of_work() as tx:
                assert await tx.connections.replace_emails(connection.id, emails) is is_new
                await tx.commit()
        async with stage.unit_of_work() as tx:
            assert await tx.connections.list_emails(item.id) == ["a@x.example"]
            assert await tx.connections.list_emails(two.id) == ["c@x.example"]
            assert await tx.connections.list_emails(ConnectionId(404)) == []
            assert await tx.connections.replace_emails(two.id, []) is False

    async def test_identities_are_checked_by_one_at_a_time(self, stage: StoreStage) -> None:
        """Active connections are due a day after connecting, and at the scheduled time."""
        item, two, three = [await _connect(stage, number) for number in ("1", "2", "3")]
        async with stage.unit_of_work() as tx:
            await tx.connections.apply([build_change(two, two.mark_reconnect_required("refresh_token_refused"))])
            await tx.connections.schedule_check(three.id, at=now() + timedelta(days=3))
            await tx.commit()

        async def due(**later: float) -> list[ConnectionId]:
            at = now() + timedelta(**later)
            async with stage.unit_of_work() as tx:
                taken = await tx.connections.claim_due_checks(now=at, until=at + timedelta(hours=1), limit=10)
                await tx.commit()
            return [connection.id for connection in taken]

        assert await due(hours=23) == []
        assert sorted(await asyncio.gather(due(hours=25), due(hours=25))) == [[], [item.id]]
        assert await due(hours=25.5) == []
        assert await due(hours=27) == [item.id]
        assert sorted(await due(days=4)) == [item.id, three.id]


async def _connect(stage: StoreStage, provider_user_id: str = "7") -> Connection:
    user = await stage.add_user()
    async with stage.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId(provider_user_id),
            created_at=now(),
            updated_at=now(),
            provider_username="mara",
            provider_email="mara@acme.example",
            provider_avatar_url="https://provider.example/mara.png",
            scopes=("read:user",),
        )
        await tx.connections.apply([build_change(None, connection)])
        await tx.commit()
        [stored] = await tx.connections.list_by_provider_users(PROVIDER, [connection.provider_user_id])
    assert stored == replace(connection, updated_at=stored.updated_at)
    return stored
