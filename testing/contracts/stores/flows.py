import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from core.domain.errors import StorageConflict
from core.domain.flows.flow import (
    APPROVAL_LIFETIME,
    Flow,
    FlowPurpose,
    FlowStatus,
    FlowStep,
    ProofProgress,
    advance,
    start_flow,
)
from core.domain.flows.flow_secrets import hash_token
from core.domain.identifiers import AccountId, FlowId, ProviderUserId
from testing.builders.entities import PROVIDER, now, time_ago
from testing.contracts.store_stage import StoreStage

_KEY = (ProviderUserId("7"), AccountId("9"))


class FlowStoreContract:
    """What every store of browser flows promises."""

    async def test_only_this_requester_for_this_account(self, stage: StoreStage) -> None:
        """A request is found by exactly its requester and its account, of its provider."""
        organization, user = await stage.add_organization(), await stage.add_user()
        request = await stage.add_request(organization, user)
        await stage.add_request(organization, user, requester_id=ProviderUserId("8"))
        await stage.add_request(organization, user, account_id=AccountId("10"))
        async with stage.unit_of_work() as tx:
            assert await tx.flows.list_awaiting_approval(PROVIDER, [_KEY, _KEY]) == [request]
            assert await tx.flows.list_awaiting_approval("gitlab", [_KEY]) == []
            crossed = {(ProviderUserId("8"), AccountId("10"))}
            assert await tx.flows.list_awaiting_approval(PROVIDER, crossed) == []
            assert await tx.flows.list_awaiting_approval(PROVIDER, []) == []

    async def test_flows_of_a_browser(self, stage: StoreStage) -> None:
        """By the ids that its cookies name, newest first, with how far their proof has come."""
        user = await stage.add_user()
        made = []
        async with stage.unit_of_work() as tx:
            for _ in range(3):
                flow, _ = start_flow(
                    await tx.flows.next_id(),
                    FlowPurpose.INSTALL,
                    PROVIDER,
                    user_id=user.id,
                    organization_id=None,
                    step=FlowStep.INSTALL,
                    return_to="/",
                    at=now(),
                )
                await tx.flows.add(flow)
                made.append(flow)
            await tx.commit()
        progress = ProofProgress(page=2, unchecked=("5", "6"), checked=300, total=12_000)
        onward = replace(made[0], progress=progress)
        async with stage.unit_of_work() as tx:
            assert await tx.flows.replace_unchanged(made[0], onward)
            await tx.commit()
        ids = [made[0].external_id, made[2].external_id, uuid4()]
        async with stage.unit_of_work() as tx:
            found = await tx.flows.list_by_ids(PROVIDER, ids)
            assert [item.id for item in found] == [made[2].id, made[0].id]
            assert [item.progress for item in found] == [ProofProgress(), progress]
            assert all(item.stepped_at is not None for item in found)
            assert await tx.flows.list_by_ids("gitlab", ids) == []
            assert await tx.flows.list_by_ids(PROVIDER, []) == []

    async def test_oldest_first(self, stage: StoreStage) -> None:
        """Several requests come in the order they were made."""
        organization, user = await stage.add_organization(), await stage.add_user()
        requests = [await stage.add_request(organization, user) for _ in range(3)]
        async with stage.unit_of_work() as tx:
            assert await tx.flows.list_awaiting_approval(PROVIDER, {_KEY}) == requests

    async def test_expired_request_is_over(self, stage: StoreStage) -> None:
        """A request matches nothing after its time."""
        await stage.add_request(await stage.add_organization(), await stage.add_user(), expires_at=time_ago(seconds=1))
        async with stage.unit_of_work() as tx:
            assert await tx.flows.list_awaiting_approval(PROVIDER, [_KEY]) == []

    async def test_the_request_of_an_organization(self, stage: StoreStage) -> None:
        """Returns the organization's newest waiting request with this provider, and None afterwards."""
        organization, user = await stage.add_organization(), await stage.add_user()
        await stage.add_request(await stage.add_organization(), user)
        await stage.add_request(organization, user, provider="gitlab")
        async with stage.unit_of_work() as tx:
            assert await tx.flows.find_pending_request(organization.id, PROVIDER) is None
        await stage.add_request(organization, user)
        newest = await stage.add_request(organization, user, account_id=AccountId("10"))
        await stage.add_request(organization, user, expires_at=time_ago(seconds=1))
        async with stage.unit_of_work() as tx:
            assert await tx.flows.find_pending_request(organization.id, PROVIDER) == newest
            await tx.flows.complete([newest])
            known = await tx.flows.find_pending_request(organization.id, PROVIDER)
        assert known is not None
        assert known.account_id == AccountId("9")

    async def test_completed_request_is_over(self, stage: StoreStage) -> None:
        """A completed request matches nothing, and completing it again is refused."""
        request = await stage.add_request(await stage.add_organization(), await stage.add_user())
        async with stage.unit_of_work() as tx:
            await tx.flows.complete([])
            await tx.flows.complete([request])
            await tx.commit()
            assert await tx.flows.list_awaiting_approval(PROVIDER, [_KEY]) == []
        async with stage.unit_of_work() as tx:
            with pytest.raises(StorageConflict):
                await tx.flows.complete([request])

    async def test_twenty_race_to_complete_one(self, stage: StoreStage) -> None:
        """One caller completes the step, and the others get False."""
        request = await stage.add_request(await stage.add_organization(), await stage.add_user())

        async def complete() -> bool:
            try:
                async with stage.unit_of_work() as tx:
                    await tx.flows.complete([request])
                    await tx.commit()
            except StorageConflict:
                return False
            return True

        assert sum(await asyncio.gather(*(complete() for _ in range(20)))) == 1

    async def test_a_flow_is_found_by_its_state_whatever_became_of_it(self, stage: StoreStage) -> None:
        """By nothing else, and with everything that was kept."""
        flow = await add_flow(stage)
        full = replace(
            flow,
            step=FlowStep.CHOOSE,
            pkce_verifier="sealed",
            installation_id="41000001",
            candidates=("41000001", "41000002"),
            provider_user_id=ProviderUserId("7"),
            account_id=AccountId("9"),
            expires_at=flow.expires_at + timedelta(minutes=1),
        )
        async with stage.unit_of_work() as tx:
            assert await tx.flows.find(PROVIDER, flow.state_hash) == flow
            assert await tx.flows.find("gitlab", flow.state_hash) is None
            assert await tx.flows.find(PROVIDER, hash_token("another")) is None
            assert await tx.flows.replace_unchanged(flow, full)
            assert await tx.flows.find(PROVIDER, flow.state_hash) == full
            assert await tx.flows.replace_unchanged(full, full.mark_ended())
            found = await tx.flows.find(PROVIDER, flow.state_hash)
            assert found == full.mark_ended()
            assert not found.is_live(found.created_at)

    async def test_a_step_from_what_is_not_any_more_is_none(self, stage: StoreStage) -> None:
        """Another state, another status, or no such flow."""
        flow = await add_flow(stage)
        other, _ = advance(flow, FlowStep.AUTHORIZE)
        async with stage.unit_of_work() as tx:
            assert not await tx.flows.replace_unchanged(other, flow)
            assert not await tx.flows.replace_unchanged(flow.mark_ended(), flow)
            assert not await tx.flows.replace_unchanged(replace(flow, id=FlowId(10**9)), other)
            assert await tx.flows.find(PROVIDER, flow.state_hash) == flow

    async def test_twenty_race_for_one_state(self, stage: StoreStage) -> None:
        """One caller continues the flow, in any process."""
        flow = await add_flow(stage)

        async def use() -> bool:
            async with stage.unit_of_work() as tx:
                known = await tx.flows.find(PROVIDER, flow.state_hash)
                is_open = known is not None and known.status is FlowStatus.OPEN
                went_on = known is not None and is_open and await tx.flows.replace_unchanged(known, known.mark_taken())
                await tx.commit()
            return went_on

        assert sum(await asyncio.gather(*(use() for _ in range(20)))) == 1

    async def test_a_step_that_is_not_committed_was_none(self, stage: StoreStage) -> None:
        """Its state opens it again."""
        flow = await add_flow(stage)
        async with stage.unit_of_work() as tx:
            assert await tx.flows.replace_unchanged(flow, flow.mark_taken())
        async with stage.unit_of_work() as tx:
            assert await tx.flows.find(PROVIDER, flow.state_hash) == flow

    async def test_a_flow_that_waits_is_a_request(self, stage: StoreStage) -> None:
        """Of its person for its account."""
        flow = await add_flow(stage)
        async with stage.unit_of_work() as tx:
            assert await tx.flows.replace_unchanged(flow, flow.mark_awaiting(*_KEY, at=flow.created_at))
            [request] = await tx.flows.list_awaiting_approval(PROVIDER, [_KEY])
        assert (request.flow_id, request.organization_id, request.user_id) == (
            flow.id,
            flow.organization_id,
            flow.user_id,
        )
        assert request.expires_at == flow.created_at + APPROVAL_LIFETIME

    async def test_requests_that_wait_are_ended(self, stage: StoreStage) -> None:
        """Expired ones too; those that do not wait any more stay as they are."""
        organization, user = await stage.add_organization(), await stage.add_user()
        done = await stage.add_request(organization, user)
        expired = await stage.add_request(organization, user, expires_at=time_ago(seconds=1))
        alive = await stage.add_request(organization, user)
        async with stage.unit_of_work() as tx:
            await tx.flows.complete([done])
            later = now() + timedelta(minutes=1)
            assert await tx.flows.list_all_awaiting(PROVIDER, made_before=later, limit=10) == [expired, alive]
            assert await tx.flows.list_all_awaiting(PROVIDER, made_before=later, limit=1) == [expired]
            assert await tx.flows.list_all_awaiting("gitlab", made_before=later, limit=10) == []
            assert await tx.flows.list_all_awaiting(PROVIDER, made_before=time_ago(days=1), limit=10) == []
            assert await tx.flows.end([done, expired, alive]) == 2
            assert await tx.flows.list_all_awaiting(PROVIDER, made_before=later, limit=10) == []
            assert await tx.flows.end([]) == 0

    async def test_requests_are_paged_through(self, stage: StoreStage) -> None:
        """Each once, however many there are."""
        organization, user = await stage.add_organization(), await stage.add_user()
        first, second, third = [await stage.add_request(organization, user) for _ in range(3)]
        later = now() + timedelta(minutes=1)
        async with stage.unit_of_work() as tx:
            page = await tx.flows.list_all_awaiting(PROVIDER, made_before=later, limit=2)
            assert page == [first, second]
            rest = await tx.flows.list_all_awaiting(PROVIDER, made_before=later, after=second.flow_id, limit=2)
            assert rest == [third]

    async def test_requests_are_let_lapse(self, stage: StoreStage) -> None:
        """Earlier than they would, never later, and only where they still wait."""
        organization, user = await stage.add_organization(), await stage.add_user()
        alive, done = [await stage.add_request(organization, user) for _ in range(2)]
        expired = await stage.add_request(organization, user, expires_at=time_ago(hours=1))
        async with stage.unit_of_work() as tx:
            await tx.flows.complete([done])
            await tx.flows.limit_lifetime([], by=now())
            await tx.flows.limit_lifetime([alive, done, expired], by=time_ago(minutes=1))
            assert await tx.flows.list_awaiting_approval(PROVIDER, [_KEY]) == []
            known = await tx.flows.list_all_awaiting(PROVIDER, made_before=now() + timedelta(minutes=1), limit=9)
            assert [item.flow_id for item in known] == [alive.flow_id, expired.flow_id]
            assert known[0].expires_at < now()
            assert known[1].expires_at == expired.expires_at

    async def test_old_flows_are_forgotten(self, stage: StoreStage) -> None:
        """Deletes flows that expired long ago, but no waiting request."""
        organization, user = await stage.add_organization(), await stage.add_user()
        await stage.add_request(organization, user, expires_at=time_ago(days=2))
        flow = await add_flow(stage)
        async with stage.unit_of_work() as tx:
            assert await tx.flows.delete_expired(expired_before=now(), limit=10) == 0
            later = flow.expires_at + timedelta(seconds=1)
            assert await tx.flows.delete_expired(expired_before=later, limit=0) == 0
            assert await tx.flows.delete_expired(expired_before=later, limit=10) == 1
            assert await tx.flows.find(PROVIDER, flow.state_hash) is None


async def add_flow(stage: StoreStage) -> Flow:
    """Begin a flow of somebody."""
    organization, user = await stage.add_organization(), await stage.add_user()
    async with stage.unit_of_work() as tx:
        flow, _ = start_flow(
            await tx.flows.next_id(),
            FlowPurpose.INSTALL,
            PROVIDER,
            user_id=user.id,
            organization_id=organization.id,
            step=FlowStep.INSTALL,
            return_to="/projects?new=1",
            at=now(),
        )
        await tx.flows.add(flow)
        await tx.commit()
    return flow
