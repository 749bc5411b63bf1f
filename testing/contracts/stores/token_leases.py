from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.organizations import Organization
from core.domain.tokens.installation_tokens import TokenLease
from testing.builders.entities import build_change, now
from testing.contracts.store_stage import StoreStage


class TokenLeaseContract:
    """What every store of services' tokens promises."""

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """As it was kept."""
        lease = await _add_lease(stage, await _link(stage))
        async with stage.unit_of_work() as tx:
            assert await tx.token_leases.find_token_lease(lease.external_id) == lease
            assert await tx.token_leases.find_token_lease(uuid4()) is None

    async def test_live_token_is_not_orphaned_without_changes(self, stage: StoreStage) -> None:
        """Nothing is to be done about it."""
        await _add_lease(stage, await _link(stage))
        assert await _strays(stage) == []

    async def test_tokens_are_strays_from_the_moment_their_integration_ends(self, stage: StoreStage) -> None:
        """Also where it is suspended, or was and is active again; those given out since are not."""
        integration = await _link(stage)
        other = await _link(stage, provider_id="2")
        lease = await _add_lease(stage, integration)
        await _add_lease(stage, other)
        for status, reason in (
            (IntegrationStatus.SUSPENDED, StatusReason.SUSPENDED_ON_PROVIDER),
            (IntegrationStatus.ACTIVE, None),
            (IntegrationStatus.REVOKED, StatusReason.DISCONNECTED),
        ):
            changed = replace(
                integration,
                status=status,
                status_reason=reason,
                status_changed_at=lease.created_at + timedelta(seconds=1),
            )
            async with stage.unit_of_work() as tx:
                known = await tx.integrations.find(integration.organization_id, integration.provider)
                await tx.integrations.apply([build_change(known, changed)])
                await tx.commit()
            assert await _strays(stage) == [(lease.external_id, "sealed")]

    async def test_tokens_are_strays_from_the_moment_a_repository_is_unlinked(self, stage: StoreStage) -> None:
        """One of those they open is enough; a link of another project to it, made since, makes it good."""
        organization = await stage.add_organization()
        integration = await _link(stage, organization)
        lease = await _add_lease(stage, integration)
        async with stage.unit_of_work() as tx:
            [first, _] = await tx.links.list_by_integration(integration.id)
            await tx.links.apply([build_change(first, None)])
            await tx.commit()
        assert await _strays(stage) == [(lease.external_id, "sealed")]
        another = await stage.add_project(organization, "Another")
        await stage.add_link(another, integration, repo_id=first.repo_id)
        assert await _strays(stage) == []

    async def test_revoked_token_is_not_orphaned(self, stage: StoreStage) -> None:
        """The token is forgotten, that it was there is not; a rollback forgets nothing."""
        integration = await _link(stage, status=IntegrationStatus.REVOKED)
        lease = await _add_lease(stage, integration)
        async with stage.unit_of_work() as tx:
            await tx.token_leases.end_token_lease(lease.external_id, at=lease.created_at)
        assert await _strays(stage) != []
        async with stage.unit_of_work() as tx:
            await tx.token_leases.end_token_lease(lease.external_id, at=lease.created_at)
            await tx.commit()
        assert await _strays(stage) == []
        async with stage.unit_of_work() as tx:
            ended = replace(lease, sealed=None, revoked_at=lease.created_at)
            assert await tx.token_leases.find_token_lease(lease.external_id) == ended

    async def test_what_is_over_by_itself_is_forgotten(self, stage: StoreStage) -> None:
        """So many at a time, and none that is live."""
        integration = await _link(stage, status=IntegrationStatus.REVOKED)
        over = [await _add_lease(stage, integration, minutes=-number) for number in range(3)]
        live = await _add_lease(stage, integration)
        assert [found for found, _ in await _strays(stage)] == [live.external_id]
        counts = []
        for _ in range(3):
            async with stage.unit_of_work() as tx:
                counts.append(await tx.token_leases.wipe_expired_tokens(now=now(), limit=2))
                await tx.commit()
        assert counts == [2, 1, 0]
        async with stage.unit_of_work() as tx:
            for lease in over:
                assert await tx.token_leases.find_token_lease(lease.external_id) == replace(lease, sealed=None)
            assert await tx.token_leases.find_token_lease(live.external_id) == live

    async def test_lists_leases_of_an_organization(self, stage: StoreStage) -> None:
        """Newest first, in pages; the valid ones, and those of a holder, if asked."""
        integration, other = await _link(stage), await _link(stage, provider_id="2")
        await _add_lease(stage, other)
        ended = await _add_lease(stage, integration, minutes=-1)
        for_user = await _add_lease(stage, integration, actor="service:ci for user:7")
        newest = await _add_lease(stage, integration)
        organization_id = integration.organization_id
        async with stage.unit_of_work() as tx:
            listed = await tx.token_leases.list_token_leases(organization_id, limit=2)
            assert listed == [newest, for_user]
            rest = await tx.token_leases.list_token_leases(organization_id, limit=2, before=listed[-1].id)
            assert rest == [ended]
            valid = await tx.token_leases.list_token_leases(organization_id, limit=9, valid_at=now())
            assert valid == [newest, for_user]
            for holder, held in (
                ("user:7", [for_user]),
                ("7", []),
                ("service:ci for user:7", [for_user]),
                ("service:deployer", [newest, ended]),
                ("user:8", []),
            ):
                assert await tx.token_leases.list_token_leases(organization_id, limit=9, held_by=holder) == held
            await tx.token_leases.end_token_lease(newest.external_id, at=now())
            assert await tx.token_leases.list_token_leases(organization_id, limit=9, valid_at=now()) == [for_user]

    async def test_requested_revocation_makes_a_token_orphaned(self, stage: StoreStage) -> None:
        """The first request counts."""
        lease, at = await _add_lease(stage, await _link(stage)), now()
        async with stage.unit_of_work() as tx:
            await tx.token_leases.request_token_revocation(lease.external_id, at=at)
            await tx.token_leases.request_token_revocation(lease.external_id, at=at + timedelta(minutes=1))
            await tx.commit()
        assert await _strays(stage) == [(lease.external_id, "sealed")]
        async with stage.unit_of_work() as tx:
            stored = await tx.token_leases.find_token_lease(lease.external_id)
        assert stored == replace(lease, revoke_requested_at=at)


REPOSITORIES = (RepoId("1"), RepoId("22"))


async def _link(stage: StoreStage, organization: Organization | None = None, **facts: Any) -> Integration:
    """Put in an integration to whose repositories projects are linked."""
    organization = organization or await stage.add_organization()
    integration = await stage.add_integration(organization, **facts)
    for repo_id in REPOSITORIES:
        await stage.add_link(await stage.add_project(organization, f"Of {repo_id}"), integration, repo_id=repo_id)
    return integration


async def _add_lease(
    stage: StoreStage, integration: Integration, *, minutes: float = 60, actor: str = "service:deployer"
) -> TokenLease:
    lease = TokenLease(
        external_id=uuid4(),
        organization_id=integration.organization_id,
        integration_id=integration.id,
        actor=actor,
        request_id="request-1",
        reason="building größe",
        repo_ids=REPOSITORIES,
        created_at=now(),
        expires_at=now() + timedelta(minutes=minutes),
        sealed="sealed",
    )
    async with stage.unit_of_work() as tx:
        await tx.token_leases.add_token_lease(lease)
        await tx.commit()
    return lease


async def _strays(stage: StoreStage) -> list[tuple[object, str]]:
    async with stage.unit_of_work() as tx:
        return [
            (item.external_id, item.sealed) for item in await tx.token_leases.list_orphaned_tokens(now=now(), limit=10)
        ]
