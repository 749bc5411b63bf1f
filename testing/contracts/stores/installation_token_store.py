import asyncio
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import pytest

from core.domain.identifiers import AccountId, IntegrationId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.tokens.lease import EncryptedTokens, StoredTokens
from ports.tokens import TokenStore
from ports.unit_of_work import Transaction
from testing.builders.entities import build_change, now, time_ago
from testing.contracts.store_stage import StoreStage
from testing.contracts.stores.token_store import Owner, TokenStoreContract, a_lease


class InstallationTokenStoreContract(TokenStoreContract[IntegrationId]):
    """What every store of installations' tokens promises besides."""

    tokens = EncryptedTokens("v1.k.installation", time_ago(minutes=-60))
    nobody = IntegrationId(404)

    async def owner(self, stage: StoreStage) -> Owner[IntegrationId]:
        """Store an integration with a new installation id."""
        return _of(await stage.add_integration(provider_id=uuid4().hex))

    def store(self, tx: Transaction) -> TokenStore[IntegrationId]:
        """Return the store."""
        return tx.installation_tokens

    @pytest.mark.parametrize("unbinding", ["revoked", "rebound"])
    async def test_no_token_outlives_its_binding(self, stage: StoreStage, unbinding: str) -> None:
        """A new binding wipes the token and the lease, and a response that is awaited cannot be stored."""
        integration = await stage.add_integration()
        owner = _of(integration)
        await self._replace(stage, owner, self.tokens)
        await self._take(stage, owner, await self._find(stage, owner), a_lease())
        asking = await self._find(stage, owner)
        revoked = integration.revoke(StatusReason.DISCONNECTED, at=now())
        after = revoked if unbinding == "revoked" else replace(integration, provider_id="2")
        await _apply(stage, integration, after)
        assert await self._find(stage, owner) == StoredTokens(asking.generation + 1)
        assert not await self._advance(stage, owner, asking)

    async def test_other_changes_leave_the_token(self, stage: StoreStage) -> None:
        """Suspending, renaming and activating again take neither token nor lease."""
        integration = await stage.add_integration()
        owner, lease = _of(integration), a_lease()
        await self._replace(stage, owner, self.tokens)
        await self._take(stage, owner, await self._find(stage, owner), lease)
        renamed = replace(integration, provider_name="renamed", account_id=AccountId("7"))
        suspended = renamed.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=now())
        for before, after in [(integration, renamed), (renamed, suspended), (suspended, renamed)]:
            await _apply(stage, before, after)
        assert await self._find(stage, owner) == StoredTokens(1, self.tokens, lease)

    async def test_tokens_that_end(self, stage: StoreStage) -> None:
        """Active integrations whose token ends before a time come in the order in which they end."""
        last, first, later, suspended, without = [
            await stage.add_integration(provider_id=str(number)) for number in range(5)
        ]
        for integration, minutes in ((last, 9), (first, -5), (later, 11), (suspended, 1)):
            tokens = EncryptedTokens("v1.k.x", time_ago(minutes=-minutes))
            await self._replace(stage, _of(integration), tokens)
        await _apply(stage, suspended, suspended.suspend(StatusReason.TOKEN_REFUSED, at=now()))
        soon = time_ago(minutes=-10)
        async with stage.unit_of_work() as tx:
            assert await tx.installation_tokens.list_expiring(before=soon, limit=10) == [first, last]
            assert await tx.installation_tokens.list_expiring(before=soon, limit=1) == [first]
        assert without.id not in {first.id, last.id}

    async def test_probes_come_due(self, stage: StoreStage) -> None:
        """Suspended long enough and past its next probe: longest due first, those never probed before."""
        fresh = await _suspend(stage, minutes=1)
        never = await _suspend(stage, minutes=20)
        probed, sooner, not_yet = [await _suspend(stage, minutes=20) for _ in range(3)]
        await stage.add_integration(provider_id="active")
        for integration, due in (
            (probed, time_ago(minutes=1)),
            (sooner, time_ago(minutes=2)),
            (not_yet, time_ago(minutes=-1)),
        ):
            await self._schedule(stage, integration, due)
        async with stage.unit_of_work() as tx:
            due_now = await tx.installation_tokens.list_due_for_probe(
                suspended_before=time_ago(minutes=5), now=now(), limit=10
            )
        assert [item.id for item in due_now] == [never.id, sooner.id, probed.id]
        assert due_now[0] == never
        assert fresh.id not in {item.id for item in due_now}

    async def test_becoming_active_forgets_the_next_probe(self, stage: StoreStage) -> None:
        """A next suspension is probed at its own times, not at those of the last."""
        integration = await _suspend(stage, minutes=20)
        await self._schedule(stage, integration, time_ago(minutes=-60))
        active = integration.activate(at=now())
        await _apply(stage, integration, active)
        again = active.suspend(StatusReason.TOKEN_REFUSED, at=time_ago(minutes=6))
        await _apply(stage, active, again)
        async with stage.unit_of_work() as tx:
            due = await tx.installation_tokens.list_due_for_probe(
                suspended_before=time_ago(minutes=5), now=now(), limit=1
            )
        assert [item.id for item in due] == [integration.id]

    async def test_two_who_probe_at_once_share_nothing(self, stage: StoreStage) -> None:
        """What one has found due, and set to a later time, the other does not find."""
        ids = {(await _suspend(stage, minutes=20)).id for _ in range(6)}

        async def claim() -> set[int]:
            async with stage.unit_of_work() as tx:
                due = await tx.installation_tokens.list_due_for_probe(
                    suspended_before=time_ago(minutes=5), now=now(), limit=3
                )
                for integration in due:
                    await tx.installation_tokens.schedule_probe(integration.id, at=time_ago(minutes=-5))
                await tx.commit()
            return {integration.id for integration in due}

        claims = await asyncio.gather(*(claim() for _ in range(4)))
        assert sum(map(len, claims)) == len(ids)
        assert set().union(*claims) == ids

    async def _schedule(self, stage: StoreStage, integration: Integration, at: datetime) -> None:
        async with stage.unit_of_work() as tx:
            await tx.installation_tokens.schedule_probe(integration.id, at=at)
            await tx.commit()


def _of(integration: Integration) -> Owner[IntegrationId]:
    return Owner(integration.id, "integration", integration.external_id)


async def _apply(stage: StoreStage, before: Integration, after: Integration) -> None:
    async with stage.unit_of_work() as tx:
        await tx.integrations.apply([build_change(before, after)])
        await tx.commit()


async def _suspend(stage: StoreStage, *, minutes: float) -> Integration:
    return await stage.add_integration(
        provider_id=uuid4().hex,
        status=IntegrationStatus.SUSPENDED,
        status_reason=StatusReason.TOKEN_REFUSED,
        status_changed_at=time_ago(minutes=minutes),
    )
