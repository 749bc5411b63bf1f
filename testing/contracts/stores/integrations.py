import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from core.domain.actors import ServiceActor, UserActor
from core.domain.audit import Change
from core.domain.errors import DomainError
from core.domain.identifiers import AccountId, OrganizationId, UserId
from core.domain.integrations.integration import (
    EncryptedWebhookSecret,
    InstallationBoundElsewhere,
    IntegrationStatus,
    OrganizationAlreadyConnected,
    StatusReason,
)
from core.domain.organizations import Organization
from testing.builders.entities import BY, PROVIDER, Fact, ago, an_integration, now, step
from testing.contracts.world import World

_REVOKED: dict[str, Fact] = {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED}


class IntegrationStoreContract:
    """What every store of integrations promises."""

    async def test_unknown_is_none(self, world: World) -> None:
        """Looking for what is not there is no error."""
        async with world.unit_of_work() as tx:
            assert await tx.integrations.find(OrganizationId(404), PROVIDER) is None
            assert await tx.integrations.get_for_update(OrganizationId(404), PROVIDER) is None
            assert await tx.integrations.list_by_installations(PROVIDER, ["404"]) == []
            assert await tx.integrations.list_by_installations(PROVIDER, []) == []

    async def test_every_field_comes_back(self, world: World) -> None:
        """An integration is read as it was written, all fields set, and of its provider only."""
        organization = await world.organization()
        async with world.unit_of_work() as tx:
            written = an_integration(
                await tx.integrations.next_id(),
                organization,
                provider_url="https://github.com/acme",
                account_id=AccountId("9"),
                account_type="Organization",
                status=IntegrationStatus.SUSPENDED,
                status_reason=StatusReason.TOKEN_REFUSED,
                status_changed_at=ago(minutes=1),
                repository_selection="selected",
                permissions={"contents": "read"},
                settings={"nested": {"list": [1, "two", None]}},
                synced_at=ago(minutes=2),
                sync_requested_at=ago(minutes=3),
                sync_claimed_until=ago(minutes=6),
                sync_failures=2,
                sync_error="provider_unavailable",
                sync_retry_at=ago(minutes=7),
                uninstall_requested_at=ago(minutes=4),
                provider_updated_at=ago(minutes=5),
            )
            await tx.integrations.apply([step(None, written)])
            await tx.commit()
        async with world.unit_of_work() as tx:
            read = await tx.integrations.find(organization.id, PROVIDER)
            assert read is not None
            assert read == replace(written, updated_at=read.updated_at)
            assert read.updated_at >= written.updated_at
            assert await tx.integrations.get_for_update(organization.id, PROVIDER) == read
            assert await tx.integrations.find(organization.id, "gitlab") is None

    async def test_fields_can_become_nothing(self, world: World) -> None:
        """A step to None is written like any other."""
        integration = await world.integration(provider_url="https://github.com/acme", synced_at=now())
        async with world.unit_of_work() as tx:
            cleared = replace(integration, provider_url=None, synced_at=None)
            await tx.integrations.apply([step(integration, cleared)])
            await tx.commit()
            read = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert read is not None
        assert (read.provider_url, read.synced_at) == (None, None)

    async def test_only_what_changed_is_written(self, world: World) -> None:
        """Two who change different things of one row, each from what it read first, both have their way."""
        integration = await world.integration()
        for facts in ({"provider_name": "renamed"}, {"synced_at": ago(minutes=1)}):
            async with world.unit_of_work() as tx:
                await tx.integrations.apply([step(integration, replace(integration, **facts))])
                await tx.commit()
        async with world.unit_of_work() as tx:
            read = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert read is not None
        assert read.provider_name == "renamed"
        assert read.synced_at is not None

    async def test_each_step_leaves_a_version(self, world: World) -> None:
        """The trail tells every step, by whom, and what was before and after."""
        organization = await world.organization()
        user = UserActor(UserId(1), UUID(int=5), "request-2")
        async with world.unit_of_work() as tx:
            first = an_integration(await tx.integrations.next_id(), organization)
            second = replace(first, provider_name="renamed")
            third = second.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=ago(minutes=1))
            service = ServiceActor("x", frozenset())
            steps = [step(None, first), Change(first, second, user), Change(second, third, service)]
            await tx.integrations.apply(steps)
            await tx.commit()
        async with world.unit_of_work() as tx:
            read = await tx.integrations.find(organization.id, PROVIDER)
            trail = await tx.versions.list_by_item("integration", str(first.external_id))
        assert read is not None
        assert (read.provider_name, read.status) == ("renamed", IntegrationStatus.SUSPENDED)
        assert [(version.event, version.actor, version.request_id) for version in trail] == [
            ("created", BY.name, BY.request_id),
            ("updated", user.name, user.request_id),
            ("updated", "service:x", None),
        ]
        assert trail[0].changes["provider_name"] == [None, "acme"]
        assert trail[1].changes == {"provider_name": ["acme", "renamed"]}
        assert trail[2].changes["status"] == ["active", "suspended"]
        assert all(version.item_type == "integration" for version in trail)
        assert all(ago(minutes=1) < version.created_at <= now() for version in trail)

    async def test_steps_apply_in_order(self, world: World) -> None:
        """A row that is freed by one step may be taken by the next."""
        old = await world.integration()
        organization = await world.organization()
        async with world.unit_of_work() as tx:
            new = an_integration(await tx.integrations.next_id(), organization)
            await tx.integrations.apply([step(old, replace(old, **_REVOKED)), step(None, new)])
            await tx.commit()
            assert await tx.integrations.find(organization.id, PROVIDER) is not None

    async def test_organization_has_one_integration(self, world: World) -> None:
        """A second integration of an organization is refused, even while the first is revoked."""
        integration = await world.integration(**_REVOKED)
        organization = replace(await world.organization(), id=integration.organization_id)
        with pytest.raises(OrganizationAlreadyConnected):
            await world.integration(organization, provider_id="2")
        await world.integration(organization, provider="gitlab")

    async def test_installation_is_bound_once(self, world: World) -> None:
        """A live installation is refused to a second organization, without naming the first."""
        await world.integration(await world.organization("Zenith"))
        with pytest.raises(InstallationBoundElsewhere) as refusal:
            await world.integration()
        assert "Zenith" not in refusal.value.message

    async def test_revoked_installation_may_be_bound_again(self, world: World) -> None:
        """A revoked integration holds nothing; coming back to life it meets the same refusal."""
        revoked = await world.integration(**_REVOKED)
        await world.integration()
        alive = replace(revoked, status=IntegrationStatus.ACTIVE, status_reason=None)
        async with world.unit_of_work() as tx:
            with pytest.raises(InstallationBoundElsewhere):
                await tx.integrations.apply([step(revoked, alive)])

    async def test_twenty_organizations_race_for_one_installation(self, world: World) -> None:
        """One wins, and the others are told why."""
        organizations = [await world.organization(f"Organization {number}") for number in range(20)]
        outcomes = await asyncio.gather(*(_bind(world, organization) for organization in organizations))
        assert Counter(outcomes) == {"bound": 1, "installation_bound_elsewhere": 19}

    async def test_twenty_installations_race_for_one_organization(self, world: World) -> None:
        """One wins, and the others are told why."""
        organization = await world.organization()
        outcomes = await asyncio.gather(*(_bind(world, organization, str(number)) for number in range(20)))
        assert Counter(outcomes) == {"bound": 1, "organization_already_connected": 19}

    async def test_installation_finds_the_live_integration(self, world: World) -> None:
        """Of several that had the installation the live one counts, else the one revoked last."""
        first = await world.integration(**_REVOKED, status_changed_at=ago(hours=2))
        last = await world.integration(**_REVOKED, status_changed_at=ago(hours=1))
        other = await world.integration(provider_id="2")
        async with world.unit_of_work() as tx:
            found = await tx.integrations.list_by_installations(PROVIDER, {first.provider_id, "2", "3"})
            assert sorted(found, key=lambda one: one.id) == [last, other]
        live = await world.integration()
        async with world.unit_of_work() as tx:
            assert await tx.integrations.list_by_installations(PROVIDER, [live.provider_id]) == [live]
            assert await tx.integrations.list_by_installations("gitlab", [live.provider_id]) == []

    async def test_integrations_of_an_organization(self, world: World) -> None:
        """All of them, revoked ones included, by provider; none of another's."""
        github = await world.integration(**_REVOKED)
        organization = replace(await world.organization(), id=github.organization_id)
        bitbucket = await world.integration(organization, provider="bitbucket")
        await world.integration(provider="azure")
        async with world.unit_of_work() as tx:
            assert await tx.integrations.list_by_organization(organization.id) == [bitbucket, github]
            assert await tx.integrations.list_by_organization(OrganizationId(404)) == []

    async def test_installations_that_should_go(self, world: World) -> None:
        """Only of revoked integrations, longest asked for first, and no more than asked for."""
        late = await world.integration(**_REVOKED, uninstall_requested_at=ago(minutes=1))
        early = await world.integration(**_REVOKED, uninstall_requested_at=ago(minutes=2))
        await world.integration(**_REVOKED)
        await world.integration(uninstall_requested_at=ago(minutes=3))
        async with world.unit_of_work() as tx:
            assert await tx.integrations.list_to_uninstall(limit=5) == [early, late]
            assert await tx.integrations.list_to_uninstall(limit=1) == [early]

    async def test_twenty_who_hold_two_take_turns(self, world: World) -> None:
        """In whichever order they name them, nobody waits in a circle and nothing is lost."""
        one, two = await world.integration(settings={"n": 0}), await world.integration(provider_id="2")

        async def increment(number: int) -> None:
            async with world.unit_of_work() as tx:
                await tx.integrations.lock([one.id, two.id] if number % 2 else [two.id, one.id])
                known = await tx.integrations.find(one.organization_id, PROVIDER)
                assert known is not None
                counted = replace(known, settings={"n": known.settings["n"] + 1})
                await tx.integrations.apply([step(known, counted)])
                await tx.commit()

        async with world.unit_of_work() as tx:
            await tx.integrations.lock([])
        await asyncio.gather(*(increment(number) for number in range(20)))
        async with world.unit_of_work() as tx:
            known = await tx.integrations.find(one.organization_id, PROVIDER)
        assert known is not None
        assert known.settings == {"n": 20}

    async def test_ids_are_reserved_once(self, world: World) -> None:
        """Twenty who ask at once get twenty ids."""

        async def reserve() -> int:
            async with world.unit_of_work() as tx:
                return await tx.integrations.next_id()

        assert len(set(await asyncio.gather(*(reserve() for _ in range(20))))) == 20

    async def test_returned_values_are_isolated(self, world: World) -> None:
        """Whoever changes what was returned, or what was given, changes only that."""
        settings = {"list": [1]}
        integration = await world.integration(settings=settings)
        settings["list"].append(2)
        integration.settings["list"].append(3)
        async with world.unit_of_work() as tx:
            read = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert read is not None
        assert read.settings == {"list": [1]}

    async def test_times_keep_their_instant(self, world: World) -> None:
        """Times are instants to the microsecond, read back aware."""
        at = ago(days=1).replace(microsecond=123_457)
        integration = await world.integration(synced_at=at)
        assert integration.synced_at == at
        assert integration.synced_at is not None
        assert integration.synced_at.utcoffset() == timedelta(0)

    async def test_an_integrations_own_webhook_secret(self, world: World) -> None:
        """Found by provider and key while the integration is live; a new one replaces it."""
        integration = await world.integration(provider="gitlab", provider_id="group:42")
        other = await world.integration(await world.organization("Other"), provider="gitlab", provider_id="7")

        async def found(provider_id: str = "group:42", provider: str = "gitlab") -> str | None:
            async with world.unit_of_work() as tx:
                sealed = await tx.integrations.find_webhook_secret(provider, provider_id)
            return sealed.ciphertext if sealed else None

        assert await found() is None
        for ciphertext in ("first", "second"):
            async with world.unit_of_work() as tx:
                await tx.integrations.set_webhook_secret(EncryptedWebhookSecret(integration.external_id, ciphertext))
                await tx.commit()
            assert await found() == ciphertext
        assert (await found(other.provider_id), await found("42"), await found(provider="github")) == (None, None, None)
        async with world.unit_of_work() as tx:
            gone = replace(integration, status=IntegrationStatus.REVOKED)
            await tx.integrations.apply([step(integration, gone)])
            await tx.commit()
        assert await found() is None


async def _bind(world: World, organization: Organization, provider_id: str = "1") -> str:
    try:
        async with world.unit_of_work() as tx:
            new = an_integration(await tx.integrations.next_id(), organization, provider_id=provider_id)
            await tx.integrations.apply([step(None, new)])
            await tx.commit()
    except DomainError as refusal:
        return refusal.code
    return "bound"
