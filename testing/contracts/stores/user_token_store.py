from dataclasses import replace
from uuid import uuid4

from core.domain.connections import Connection, ConnectionStatus
from core.domain.identifiers import ConnectionId, ProviderUserId
from core.domain.tokens.lease import EncryptedTokens, StoredTokens
from ports.tokens import TokenStore
from ports.unit_of_work import Transaction
from testing.builders.entities import PROVIDER, ago, now, step
from testing.contracts.stores.token_store import Owner, TokenStoreContract, a_lease
from testing.contracts.world import World


class UserTokenStoreContract(TokenStoreContract[ConnectionId]):
    """What every store of people's tokens promises besides."""

    tokens = EncryptedTokens("v1.k.access", ago(minutes=-480), "v1.k.refresh")
    nobody = ConnectionId(404)

    async def owner(self, world: World) -> Owner[ConnectionId]:
        """Put in a connection of a new user."""
        connection = await _connected(world)
        return Owner(connection.id, "connection", connection.external_id)

    def store(self, tx: Transaction) -> TokenStore[ConnectionId]:
        """Return the store."""
        return tx.user_tokens

    async def test_no_token_outlives_its_connection(self, world: World) -> None:
        """Revoking takes both tokens and the lease; a refresh that was under way is not written any more."""
        connection = await _connected(world)
        owner = Owner(connection.id, "connection", connection.external_id)
        await self._replace(world, owner, self.tokens)
        await self._take(world, owner, await self._seen(world, owner), a_lease())
        asking = await self._seen(world, owner)
        revoked = replace(connection, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
        async with world.unit_of_work() as tx:
            await tx.connections.apply([step(connection, revoked)])
            await tx.commit()
        assert await self._seen(world, owner) == StoredTokens(asking.generation + 1)
        assert not await self._advance(world, owner, asking)

    async def test_a_token_may_have_no_refresh_token(self, world: World) -> None:
        """Where the app's tokens never end the provider gives none, and none of before is left."""
        owner = await self.owner(world)
        for tokens in (self.tokens, EncryptedTokens("v1.k.forever", None)):
            await self._replace(world, owner, tokens)
        assert (await self._seen(world, owner)).tokens == EncryptedTokens("v1.k.forever", None, None)


async def _connected(world: World) -> Connection:
    user = await world.user(f"{uuid4()}@acme.example")
    async with world.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId(uuid4().hex),
            created_at=now(),
            updated_at=now(),
        )
        await tx.connections.apply([step(None, connection)])
        await tx.commit()
    return connection
