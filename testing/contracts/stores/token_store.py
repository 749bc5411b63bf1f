import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID, uuid4

import pytest

from core.domain.connections import Connection, ConnectionStatus
from core.domain.errors import StorageConflict
from core.domain.identifiers import ConnectionId, ProviderUserId
from core.domain.tokens.lease import EncryptedTokens, RefreshLease, StoredTokens
from ports.tokens import TokenStore
from ports.unit_of_work import Transaction
from testing.builders.entities import PROVIDER, build_change, now, time_ago
from testing.contracts.store_stage import StoreStage

OwnerId = TypeVar("OwnerId", bound=int)
T = TypeVar("T")

_MINUTE = timedelta(minutes=1)


def a_lease(owner: str = "one") -> RefreshLease:
    """Return a lease that lasts a minute."""
    return RefreshLease(owner, now() + _MINUTE)


@dataclass(frozen=True)
class Owner(Generic[OwnerId]):
    """What tokens belong to, by the id that stores know and by what the audit trail calls it."""

    id: OwnerId
    item_type: str
    external_id: UUID


class TokenStoreContract(ABC, Generic[OwnerId]):
    """What every store of tokens promises, whatever they belong to."""

    tokens: EncryptedTokens
    nobody: OwnerId

    @abstractmethod
    async def owner(self, stage: StoreStage) -> Owner[OwnerId]:
        """Put in what tokens may belong to."""

    @abstractmethod
    def store(self, tx: Transaction) -> TokenStore[OwnerId]:
        """Return the store."""

    async def test_unknown_is_none(self, stage: StoreStage) -> None:
        """What is not there has no tokens, and nobody can lease or give it any."""
        async with stage.unit_of_work() as tx:
            store = self.store(tx)
            assert await store.find(self.nobody) is None
            assert not await store.acquire_lease(self.nobody, StoredTokens(), a_lease())
            assert not await store.replace_unchanged(self.nobody, StoredTokens(), self.tokens)
            await store.release_lease(self.nobody, a_lease())
            with pytest.raises(StorageConflict):
                await store.replace(self.nobody, self.tokens)

    async def test_a_new_row_has_nothing(self, stage: StoreStage) -> None:
        """Before the first token there is no token and no lease."""
        assert await self._find(stage, await self.owner(stage)) == StoredTokens(generation=0)

    async def test_tokens_come_back_as_given(self, stage: StoreStage) -> None:
        """Every field is kept, and a token without an end has none."""
        owner = await self.owner(stage)
        for tokens in (self.tokens, replace(self.tokens, expires_at=None)):
            await self._replace(stage, owner, tokens)
            assert (await self._find(stage, owner)).tokens == tokens

    async def test_owners_have_tokens_of_their_own(self, stage: StoreStage) -> None:
        """What one is given, leased or loses, others know nothing of."""
        item, other = await self.owner(stage), await self.owner(stage)
        await self._replace(stage, item, self.tokens)
        assert await self._take(stage, item, await self._find(stage, item), a_lease())
        assert await self._find(stage, other) == StoredTokens(generation=0)

    async def test_uncommitted_is_unseen(self, stage: StoreStage) -> None:
        """Neither tokens nor leases are seen before they are committed, nor if they never are."""
        owner = await self.owner(stage)
        async with stage.unit_of_work() as tx:
            await self.store(tx).replace(owner.id, self.tokens)
            assert await self._find(stage, owner) == StoredTokens(generation=0)
        assert await self._find(stage, owner) == StoredTokens(generation=0)

    async def test_a_lease_keeps_its_time(self, stage: StoreStage) -> None:
        """Others see who asks, and until when, to the microsecond."""
        owner, lease = await self.owner(stage), a_lease()
        assert await self._take(stage, owner, StoredTokens(), lease)
        assert await self._find(stage, owner) == StoredTokens(0, None, lease)

    async def test_of_twenty_who_saw_the_same_one_takes_the_lease(self, stage: StoreStage) -> None:
        """However they race, one asks and the others see that."""
        owner = await self.owner(stage)
        seen = await self._find(stage, owner)
        took = await asyncio.gather(*(self._take(stage, owner, seen, a_lease(str(number))) for number in range(20)))
        assert took.count(True) == 1
        lease = (await self._find(stage, owner)).lease
        assert lease is not None
        assert lease.owner == str(took.index(True))

    async def test_one_who_saw_a_lease_may_take_its_place(self, stage: StoreStage) -> None:
        """After a holder's lease expired, one caller acquires the lease."""
        owner = await self.owner(stage)
        await self._take(stage, owner, StoredTokens(), a_lease("dead"))
        seen = await self._find(stage, owner)
        assert await self._take(stage, owner, seen, a_lease("heir"))
        assert not await self._take(stage, owner, seen, a_lease("late"))

    async def test_letting_go_ends_only_ones_own_lease(self, stage: StoreStage) -> None:
        """A former holder does not release the lease of the current holder."""
        owner, mine, other = await self.owner(stage), a_lease("mine"), a_lease("other")
        await self._take(stage, owner, StoredTokens(), mine)
        await self._let_go(stage, owner, other)
        assert (await self._find(stage, owner)).lease == mine
        await self._let_go(stage, owner, mine)
        assert await self._find(stage, owner) == StoredTokens(generation=0)

    async def test_advancing_ends_the_lease(self, stage: StoreStage) -> None:
        """The new token and the end of the asking are one write."""
        owner = await self.owner(stage)
        await self._take(stage, owner, StoredTokens(), a_lease())
        assert await self._advance(stage, owner, await self._find(stage, owner))
        assert await self._find(stage, owner) == StoredTokens(1, self.tokens)

    async def test_a_lost_lease_does_not_lose_the_token(self, stage: StoreStage) -> None:
        """A slow holder stores its tokens, unless another process has stored tokens."""
        owner = await self.owner(stage)
        await self._take(stage, owner, StoredTokens(), a_lease("slow"))
        slow = await self._find(stage, owner)
        await self._take(stage, owner, slow, a_lease("heir"))
        heir = await self._find(stage, owner)
        assert await self._advance(stage, owner, slow)
        assert not await self._advance(stage, owner, heir)
        assert await self._find(stage, owner) == StoredTokens(1, self.tokens)

    async def test_a_stale_writer_never_overwrites_a_newer_sign_in(self, stage: StoreStage) -> None:
        """What was seen before the tokens were replaced replaces nothing and leases nothing."""
        owner = await self.owner(stage)
        stale, newer = await self._find(stage, owner), replace(self.tokens, access="v1.k.newer")
        await self._replace(stage, owner, newer)
        assert not await self._advance(stage, owner, stale)
        assert not await self._take(stage, owner, stale, a_lease())
        assert await self._find(stage, owner) == StoredTokens(1, newer)

    async def test_twenty_writers_of_the_same_row(self, stage: StoreStage) -> None:
        """Of those who saw the same token one replaces it."""
        owner = await self.owner(stage)
        seen = await self._find(stage, owner)
        wrote = await asyncio.gather(*(self._advance(stage, owner, seen) for _ in range(20)))
        assert wrote.count(True) == 1

    async def test_tokens_and_leases_leave_no_versions(self, stage: StoreStage) -> None:
        """New tokens write no audit version."""
        owner = await self.owner(stage)
        before = await self._trail(stage, owner)
        await self._take(stage, owner, StoredTokens(), a_lease())
        await self._advance(stage, owner, await self._find(stage, owner))
        assert await self._trail(stage, owner) == before

    async def _trail(self, stage: StoreStage, owner: Owner[OwnerId]) -> int:
        async with stage.unit_of_work() as tx:
            return len(await tx.versions.list_by_item(owner.item_type, str(owner.external_id)))

    async def _find(self, stage: StoreStage, owner: Owner[OwnerId]) -> StoredTokens:
        async with stage.unit_of_work() as tx:
            found = await self.store(tx).find(owner.id)
        assert found is not None
        return found

    async def _do(self, stage: StoreStage, act: Callable[[TokenStore[OwnerId]], Awaitable[T]]) -> T:
        async with stage.unit_of_work() as tx:
            done = await act(self.store(tx))
            await tx.commit()
        return done

    async def _replace(self, stage: StoreStage, owner: Owner[OwnerId], tokens: EncryptedTokens) -> None:
        await self._do(stage, lambda store: store.replace(owner.id, tokens))

    async def _take(self, stage: StoreStage, owner: Owner[OwnerId], seen: StoredTokens, lease: RefreshLease) -> bool:
        return await self._do(stage, lambda store: store.acquire_lease(owner.id, seen, lease))

    async def _let_go(self, stage: StoreStage, owner: Owner[OwnerId], lease: RefreshLease) -> None:
        await self._do(stage, lambda store: store.release_lease(owner.id, lease))

    async def _advance(self, stage: StoreStage, owner: Owner[OwnerId], seen: StoredTokens) -> bool:
        return await self._do(stage, lambda store: store.replace_unchanged(owner.id, seen, self.tokens))


class UserTokenStoreContract(TokenStoreContract[ConnectionId]):
    """What every store of people's tokens promises besides."""

    tokens = EncryptedTokens("v1.k.access", time_ago(minutes=-480), "v1.k.refresh")
    nobody = ConnectionId(404)

    async def owner(self, stage: StoreStage) -> Owner[ConnectionId]:
        """Put in a connection of a new user."""
        connection = await _connect(stage)
        return Owner(connection.id, "connection", connection.external_id)

    def store(self, tx: Transaction) -> TokenStore[ConnectionId]:
        """Return the store."""
        return tx.user_tokens

    async def test_no_token_outlives_its_connection(self, stage: StoreStage) -> None:
        """Revoking takes both tokens and the lease; a refresh that was under way is not written any more."""
        connection = await _connect(stage)
        owner = Owner(connection.id, "connection", connection.external_id)
        await self._replace(stage, owner, self.tokens)
        await self._take(stage, owner, await self._find(stage, owner), a_lease())
        asking = await self._find(stage, owner)
        revoked = replace(connection, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
        async with stage.unit_of_work() as tx:
            await tx.connections.apply([build_change(connection, revoked)])
            await tx.commit()
        assert await self._find(stage, owner) == StoredTokens(asking.generation + 1)
        assert not await self._advance(stage, owner, asking)

    async def test_a_token_may_have_no_refresh_token(self, stage: StoreStage) -> None:
        """Where the app's tokens never end the provider gives none, and none of before is left."""
        owner = await self.owner(stage)
        for tokens in (self.tokens, EncryptedTokens("v1.k.forever", None)):
            await self._replace(stage, owner, tokens)
        assert (await self._find(stage, owner)).tokens == EncryptedTokens("v1.k.forever", None, None)


async def _connect(stage: StoreStage) -> Connection:
    user = await stage.add_user(f"{uuid4()}@acme.example")
    async with stage.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId(uuid4().hex),
            created_at=now(),
            updated_at=now(),
        )
        await tx.connections.apply([build_change(None, connection)])
        await tx.commit()
    return connection
