from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason
from core.domain.organizations import Organization
from core.domain.tokens.installation_tokens import TokenLease
from testing.builders.entities import now, step
from testing.contracts.world import World


class TokenLeaseContract:
    """What every store of services' tokens promises."""

    async def test_every_field_comes_back(self, world: World) -> None:
        """As it was kept."""
        lease = await _kept(world, await _linked(world))
        async with world.unit_of_work() as tx:
            assert await tx.installation_tokens.find_token_lease(lease.external_id) == lease
            assert await tx.installation_tokens.find_token_lease(uuid4()) is None

    async def test_a_live_token_is_no_stray_while_nothing_changes(self, world: World) -> None:
        """Nothing is to be done about it."""
        await _kept(world, await _linked(world))
        assert await _strays(world) == []

    async def test_tokens_are_strays_from_the_moment_their_integration_ends(self, world: World) -> None:
        """Also where it is suspended, or was and is active again; those given out since are not."""
        integration = await _linked(world)
        other = await _linked(world, provider_id="2")
        lease = await _kept(world, integration)
        await _kept(world, other)
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
            async with world.unit_of_work() as tx:
                known = await tx.integrations.find(integration.organization_id, integration.provider)
                await tx.integrations.apply([step(known, changed)])
                await tx.commit()
            assert await _strays(world) == [(lease.external_id, "sealed")]

    async def test_tokens_are_strays_from_the_moment_a_repository_is_unlinked(self, world: World) -> None:
        """One of those they open is enough; a link of another project to it, made since, makes it good."""
        organization = await world.organization()
        integration = await _linked(world, organization)
        lease = await _kept(world, integration)
        async with world.unit_of_work() as tx:
            [first, _] = await tx.links.list_by_integration(integration.id)
            await tx.links.apply([step(first, None)])
            await tx.commit()
        assert await _strays(world) == [(lease.external_id, "sealed")]
        another = await world.project(organization, "Another")
        await world.link(another, integration, repo_id=first.repo_id)
        assert await _strays(world) == []

    async def test_what_was_revoked_is_no_stray_any_more(self, world: World) -> None:
        """The token is forgotten, that it was there is not; a rollback forgets nothing."""
        integration = await _linked(world, status=IntegrationStatus.REVOKED)
        lease = await _kept(world, integration)
        async with world.unit_of_work() as tx:
            await tx.installation_tokens.end_token_lease(lease.external_id, at=lease.created_at)
        assert await _strays(world) != []
        async with world.unit_of_work() as tx:
            await tx.installation_tokens.end_token_lease(lease.external_id, at=lease.created_at)
            await tx.commit()
        assert await _strays(world) == []
        async with world.unit_of_work() as tx:
            ended = replace(lease, sealed=None, revoked_at=lease.created_at)
            assert await tx.installation_tokens.find_token_lease(lease.external_id) == ended

    async def test_what_is_over_by_itself_is_forgotten(self, world: World) -> None:
        """So many at a time, and none that is live."""
        integration = await _linked(world, status=IntegrationStatus.REVOKED)
        over = [await _kept(world, integration, minutes=-number) for number in range(3)]
        live = await _kept(world, integration)
        assert [found for found, _ in await _strays(world)] == [live.external_id]
        counts = []
        for _ in range(3):
            async with world.unit_of_work() as tx:
                counts.append(await tx.installation_tokens.wipe_expired_tokens(now=now(), limit=2))
                await tx.commit()
        assert counts == [2, 1, 0]
        async with world.unit_of_work() as tx:
            for lease in over:
                assert await tx.installation_tokens.find_token_lease(lease.external_id) == replace(lease, sealed=None)
            assert await tx.installation_tokens.find_token_lease(live.external_id) == live


REPOSITORIES = (RepoId("1"), RepoId("22"))


async def _linked(world: World, organization: Organization | None = None, **facts: Any) -> Integration:
    """Put in an integration to whose repositories projects are linked."""
    organization = organization or await world.organization()
    integration = await world.integration(organization, **facts)
    for repo_id in REPOSITORIES:
        await world.link(await world.project(organization, f"Of {repo_id}"), integration, repo_id=repo_id)
    return integration


async def _kept(world: World, integration: Integration, *, minutes: float = 60) -> TokenLease:
    lease = TokenLease(
        external_id=uuid4(),
        organization_id=integration.organization_id,
        integration_id=integration.id,
        actor="service:deployer",
        request_id="request-1",
        reason="building größe",
        repo_ids=REPOSITORIES,
        created_at=now(),
        expires_at=now() + timedelta(minutes=minutes),
        sealed="sealed",
    )
    async with world.unit_of_work() as tx:
        await tx.installation_tokens.add_token_lease(lease)
        await tx.commit()
    return lease


async def _strays(world: World) -> list[tuple[object, str]]:
    async with world.unit_of_work() as tx:
        return [
            (one.external_id, one.sealed)
            for one in await tx.installation_tokens.list_orphaned_tokens(now=now(), limit=10)
        ]
