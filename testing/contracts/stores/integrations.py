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
from testing.builders.entities import BY, PROVIDER, Fact, build_change, build_integration, now, time_ago
from testing.contracts.store_stage import StoreStage

_REVOKED: dict[str, Fact] = {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED}


class IntegrationStoreContract:
    """What every store of integrations promises."""

    async def test_unknown_is_none(self, stage: StoreStage) -> None:
        """Looking for what is not there is no error."""
        async with stage.unit_of_work() as tx:
            assert await tx.integrations.find(OrganizationId(404), PROVIDER) is None
            assert await tx.integrations.get_for_update(OrganizationId(404), PROVIDER) is None
            assert await tx.integrations.list_by_installations(PROVIDER, ["404"]) == []
            assert await tx.integrations.list_by_installations(PROVIDER, []) == []

    async def test_every_field_comes_back(self, stage: StoreStage) -> None:
        """An integration is read as it was written, all fields set, and of its provider only."""
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            written = build_integration(
                await tx.integrations.next_id(),
                organization,
                provider_url="https://github.com/acme",
                account_id=AccountId("9"),
                account_type="Organization",
                status=IntegrationStatus.SUSPENDED,
                status_reason=StatusReason.TOKEN_REFUSED,
                status_changed_at=time_ago(minutes=1),
                repository_selection="selected",
                permissions={"contents": "read"},
                settings={"nested": {"list": [1, "two", None]}},
                synced_at=time_ago(minutes=2),
                sync_requested_at=time_ago(minutes=3),
                sync_claimed_until=time_ago(minutes=6),
                sync_failures=2,
                sync_error="provider_unavailable",
                sync_retry_at=time_ago(minutes=7),
                uninstall_requested_at=time_ago(minutes=4),
                provider_updated_at=time_ago(minutes=5),
            )
            await tx.integrations.apply([build_change(None, written)])
            await tx.commit()
        async with stage.unit_of_work() as tx:
            read = await tx.integrations.find(organization.id, PROVIDER)
            assert read is not None
            assert read == replace(written, updated_at=read.updated_at)
            assert read.updated_at >= written.updated_at
            assert await tx.integrations.get_for_update(organization.id, PROVIDER) == read
            assert await tx.integrations.find(organization.id, "gitlab") is None

    async def test_fields_can_become_nothing(self, stage: StoreStage) -> None:
        """A step to None is written like any other."""
        integration = await stage.add_integration(provider_url="https://github.com/acme", synced_at=now())
        async with stage.unit_of_work() as tx:
            cleared = replace(integration, provider_url=None, synced_at=None)
            await tx.integrations.apply([build_change(integration, cleared)])
            await tx.commit()
            read = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert read is not None
        assert (read.provider_url, read.synced_at) == (None, None)

    async def test_only_what_changed_is_written(self, stage: StoreStage) -> None:
        """Two who change different things of one row, each from what it read first, both have their way."""
        integration = await stage.add_integration()
        for facts in ({"provider_name": "renamed"}, {"synced_at": time_ago(minutes=1)}):
            async with stage.unit_of_work() as tx:
                await tx.integrations.apply([build_change(integration, replace(integration, **facts))])
                await tx.commit()
        async with stage.unit_of_work() as tx:
            read = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert read is not None
        assert read.provider_name == "renamed"
        assert read.synced_at is not None

    async def test_each_step_leaves_a_version(self, stage: StoreStage) -> None:
        """Every change has an audit version with its actor, and each field before and after."""
        organization = await stage.add_organization()
        user = UserActor(UserId(1), UUID(int=5), "request-2")
        async with stage.unit_of_work() as tx:
            first = build_integration(await tx.integrations.next_id(), organization)
            second = replace(first, provider_name="renamed")
            third = second.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=time_ago(minutes=1))
            service = ServiceActor("x", frozenset())
            steps = [build_change(None, first), Change(first, second, user), Change(second, third, service)]
            await tx.integrations.apply(steps)
            await tx.commit()
        async with stage.unit_of_work() as tx:
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
        assert all(time_ago(minutes=1) < version.created_at <= now() for version in trail)

    async def test_steps_apply_in_order(self, stage: StoreStage) -> None:
        """A row that is freed by one step may be taken by the next."""
        old = await stage.add_integration()
        organization = await stage.add_organization()
        async with stage.unit_of_work() as tx:
            new = build_integration(await tx.integrations.next_id(), organization)
            await tx.integrations.apply([build_change(old, replace(old, **_REVOKED)), build_change(None, new)])
            await tx.commit()
            assert await tx.integrations.find(organization.id, PROVIDER) is not None

    async def test_organization_has_one_integration(self, stage: StoreStage) -> None:
        """A second integration of an organization is refused, even while the first is revoked."""
        integration = await stage.add_integration(**_REVOKED)
        organization = replace(await stage.add_organization(), id=integration.organization_id)
        with pytest.raises(OrganizationAlreadyConnected):
            await stage.add_integration(organization, provider_id="2")
        await stage.add_integration(organization, provider="gitlab")

    async def test_installation_is_bound_once(self, stage: StoreStage) -> None:
        """A live installation is refused to a second organization, without naming the first."""
        await stage.add_integration(await stage.add_organization("Zenith"))
        with pytest.raises(InstallationBoundElsewhere) as refusal:
            await stage.add_integration()
        assert "Zenith" not in refusal.value.message

    async def test_revoked_installation_may_be_bound_again(self, stage: StoreStage) -> None:
        """A revoked integration holds nothing; coming back to life it meets the same refusal."""
        revoked = await stage.add_integration(**_REVOKED)
        await stage.add_integration()
        alive = replace(revoked, status=IntegrationStatus.ACTIVE, status_reason=None)
        async with stage.unit_of_work() as tx:
            with pytest.raises(InstallationBoundElsewhere):
                await tx.integrations.apply([build_change(revoked, alive)])

    async def test_twenty_organizations_race_for_one_installation(self, stage: StoreStage) -> None:
        """One transaction succeeds, and the others get an error with the reason."""
        organizations = [await stage.add_organization(f"Organization {number}") for number in range(20)]
        outcomes = await asyncio.gather(*(_bind(stage, organization) for organization in organizations))
        assert Counter(outcomes) == {"bound": 1, "installation_bound_elsewhere": 19}

    async def test_twenty_installations_race_for_one_organization(self, stage: StoreStage) -> None:
        """One transaction succeeds, and the others get an error with the reason."""
        organization = await stage.add_organization()
        outcomes = await asyncio.gather(*(_bind(stage, organization, str(number)) for number in range(20)))
        assert Counter(outcomes) == {"bound": 1, "organization_already_connected": 19}

    async def test_installation_finds_the_live_integration(self, stage: StoreStage) -> None:
        """Of several that had the installation the live one counts, else the one revoked last."""
        first = await stage.add_integration(**_REVOKED, status_changed_at=time_ago(hours=2))
        last = await stage.add_integration(**_REVOKED, status_changed_at=time_ago(hours=1))
        other = await stage.add_integration(provider_id="2")
        async with stage.unit_of_work() as tx:
            find_secret = await tx.integrations.list_by_installations(PROVIDER, {first.provider_id, "2", "3"})
            assert sorted(find_secret, key=lambda item: item.id) == [last, other]
        live = await stage.add_integration()
        async with stage.unit_of_work() as tx:
            assert await tx.integrations.list_by_installations(PROVIDER, [live.provider_id]) == [live]
            assert await tx.integrations.list_by_installations("gitlab", [live.provider_id]) == []

    async def test_integrations_of_an_organization(self, stage: StoreStage) -> None:
        """All of them, revoked ones included, by provider; none of another's."""
        github = await stage.add_integration(**_REVOKED)
        organization = replace(await stage.add_organization(), id=github.organization_id)
        bitbucket = await stage.add_integration(organization, provider="bitbucket")
        await stage.add_integration(provider="azure")
        async with stage.unit_of_work() as tx:
            assert await tx.integrations.list_by_organization(organization.id) == [bitbucket, github]
            assert await tx.integrations.list_by_organization(OrganizationId(404)) == []

    async def test_installations_that_should_go(self, stage: StoreStage) -> None:
        """Returns at most `limit` revoked integrations, the oldest request first."""
        late = await stage.add_integration(**_REVOKED, uninstall_requested_at=time_ago(minutes=1))
        early = await stage.add_integration(**_REVOKED, uninstall_requested_at=time_ago(minutes=2))
        await stage.add_integration(**_REVOKED)
        await stage.add_integration(uninstall_requested_at=time_ago(minutes=3))
        async with stage.unit_of_work() as tx:
            assert await tx.integrations.list_to_uninstall(limit=5) == [early, late]
            assert await tx.integrations.list_to_uninstall(limit=1) == [early]

    async def test_twenty_who_hold_two_take_turns(self, stage: StoreStage) -> None:
        """In whichever order they name them, nobody waits in a circle and nothing is lost."""
        item, two = await stage.add_integration(settings={"n": 0}), await stage.add_integration(provider_id="2")

        async def increment(number: int) -> None:
            async with stage.unit_of_work() as tx:
                await tx.integrations.lock([item.id, two.id] if number % 2 else [two.id, item.id])
                known = await tx.integrations.find(item.organization_id, PROVIDER)
                assert known is not None
                counted = replace(known, settings={"n": known.settings["n"] + 1})
                await tx.integrations.apply([build_change(known, counted)])
                await tx.commit()

        async with stage.unit_of_work() as tx:
            await tx.integrations.lock([])
        await asyncio.gather(*(increment(number) for number in range(20)))
        async with stage.unit_of_work() as tx:
            known = await tx.integrations.find(item.organization_id, PROVIDER)
        assert known is not None
        assert known.settings == {"n": 20}

    async def test_ids_are_reserved_once(self, stage: StoreStage) -> None:
        """Twenty who ask at once get twenty ids."""

        async def reserve() -> int:
            async with stage.unit_of_work() as tx:
                return await tx.integrations.next_id()

        assert len(set(await asyncio.gather(*(reserve() for _ in range(20))))) == 20

    async def test_returned_values_are_isolated(self, stage: StoreStage) -> None:
        """Changing a returned or stored object does not change the stored value."""
        settings = {"list": [1]}
        integration = await stage.add_integration(settings=settings)
        settings["list"].append(2)
        integration.settings["list"].append(3)
        async with stage.unit_of_work() as tx:
            read = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert read is not None
        assert read.settings == {"list": [1]}

    async def test_times_keep_their_instant(self, stage: StoreStage) -> None:
        """Times are instants to the microsecond, read back aware."""
        at = time_ago(days=1).replace(microsecond=123_457)
        integration = await stage.add_integration(synced_at=at)
        assert integration.synced_at == at
        assert integration.synced_at is not None
        assert integration.synced_at.utcoffset() == timedelta(0)

    async def test_an_integrations_own_webhook_secret(self, stage: StoreStage) -> None:
        """Found by provider and key while the integration is live; a new one replaces it."""
        integration = await stage.add_integration(provider="gitlab", provider_id="group:42")
        other = await stage.add_integration(await stage.add_organization("Other"), provider="gitlab", provider_id="7")

        async def find_secret(provider_id: str = "group:42", provider: str = "gitlab") -> str | None:
            async with stage.unit_of_work() as tx:
                sealed = await tx.integrations.find_webhook_secret(provider, provider_id)
            return sealed.ciphertext if sealed else None

        assert await find_secret() is None
        for ciphertext in ("first", "second"):
            async with stage.unit_of_work() as tx:
                await tx.integrations.set_webhook_secret(EncryptedWebhookSecret(integration.external_id, ciphertext))
                await tx.commit()
            assert await find_secret() == ciphertext
        assert (
            await find_secret(other.provider_id),
            await find_secret("42"),
            await find_secret(provider="github"),
        ) == (None, None, None)
        async with stage.unit_of_work() as tx:
            gone = replace(integration, status=IntegrationStatus.REVOKED)
            await tx.integrations.apply([build_change(integration, gone)])
            await tx.commit()
        assert await find_secret() is None


async def _bind(stage: StoreStage, organization: Organization, provider_id: str = "1") -> str:
    try:
        async with stage.unit_of_work() as tx:
            new = build_integration(await tx.integrations.next_id(), organization, provider_id=provider_id)
            await tx.integrations.apply([build_change(None, new)])
            await tx.commit()
    except DomainError as refusal:
        return refusal.code
    return "bound"
