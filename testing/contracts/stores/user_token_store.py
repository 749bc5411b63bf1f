from dataclasses import replace
from uuid import uuid4

from core.domain.connections import Connection, ConnectionStatus
from core.domain.identifiers import ConnectionId, ProviderUserId
from core.domain.tokens.lease import EncryptedTokens, StoredTokens
from ports.tokens import TokenStore
from ports.unit_of_work import Transaction
from testing.builders.entities import PROVIDER, build_change, now, time_ago
from testing.contracts.store_stage import StoreStage
from testing.contracts.stores.token_store import Owner, TokenStoreContract, a_lease


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
