from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from core.domain.actors import SystemActor, UserActor
from core.domain.audit import AuditEntry
from core.domain.connections import Connection
from core.domain.identifiers import OrganizationId, ProviderUserId, UserId
from testing.builders.entities import PROVIDER, build_change, now, time_ago
from testing.contracts.store_stage import StoreStage


class VersionStoreContract:
    """What every audit trail promises."""

    async def test_unknown_item_has_no_history(self, stage: StoreStage) -> None:
        """An unknown item has no versions."""
        async with stage.unit_of_work() as tx:
            assert await tx.versions.list_by_item("integration", "404") == []

    async def test_history_is_the_items_own(self, stage: StoreStage) -> None:
        """An item's versions come oldest first, without those of other items or types."""
        one, two = await stage.add_integration(), await stage.add_integration(provider_id="2")
        async with stage.unit_of_work() as tx:
            await tx.integrations.apply(
                [
                    build_change(one, replace(one, provider_name="b")),
                    build_change(two, replace(two, provider_name="c")),
                    build_change(replace(one, provider_name="b"), replace(one, provider_name="d")),
                ]
            )
            await tx.commit()
        async with stage.unit_of_work() as tx:
            trail = await tx.versions.list_by_item("integration", str(one.external_id))
            assert [version.changes["provider_name"] for version in trail] == [
                [None, "acme"],
                ["acme", "b"],
                ["b", "d"],
            ]
            assert [version.id for version in trail] == sorted(version.id for version in trail)
            assert await tx.versions.list_by_item("link", str(one.external_id)) == []

    async def test_rolled_back_change_leaves_no_version(self, stage: StoreStage) -> None:
        """A rolled-back change has no version."""
        integration = await stage.add_integration()
        async with stage.unit_of_work() as tx:
            await tx.integrations.apply([build_change(integration, replace(integration, provider_name="b"))])
        async with stage.unit_of_work() as tx:
            assert len(await tx.versions.list_by_item("integration", str(integration.external_id))) == 1

    async def test_an_organizations_trail_is_its_own(self, stage: StoreStage) -> None:
        """Newest first, in pages: its integration and links, nobody else's and no other provider's."""
        organization = await stage.add_organization()
        integration, foreign_integration = (
            await stage.add_integration(organization),
            await stage.add_integration(provider_id="2"),
        )
        link = await stage.add_link(await stage.add_project(organization), integration)
        other = await stage.add_integration(organization, provider="gitlab", provider_id="3")
        user = await stage.add_user()
        async with stage.unit_of_work() as tx:
            connection = Connection(
                id=await tx.connections.next_id(),
                external_id=uuid4(),
                user_id=user.id,
                provider=PROVIDER,
                provider_user_id=ProviderUserId("7"),
                created_at=now(),
                updated_at=now(),
            )
            await tx.connections.apply([build_change(None, connection)])
            await tx.integrations.apply([build_change(integration, replace(integration, provider_name="b"))])
            await tx.links.apply([build_change(link, None)])
            await tx.commit()
        async with stage.unit_of_work() as tx:
            trail = await tx.versions.list_by_organization(organization.id, PROVIDER, limit=10)
            assert [(one.item_type, one.item_id, one.event) for one in trail] == [
                ("link", str(link.external_id), "deleted"),
                ("integration", str(integration.external_id), "updated"),
                ("link", str(link.external_id), "created"),
                ("integration", str(integration.external_id), "created"),
            ]
            first = await tx.versions.list_by_organization(organization.id, PROVIDER, limit=3)
            rest = await tx.versions.list_by_organization(organization.id, PROVIDER, limit=3, before=first[-1].id)
            assert [*first, *rest] == trail
            [foreign] = await tx.versions.list_by_organization(foreign_integration.organization_id, PROVIDER, limit=10)
            assert foreign.item_id == str(foreign_integration.external_id)
            [elsewhere] = await tx.versions.list_by_organization(organization.id, "gitlab", limit=10)
            assert elsewhere.item_id == str(other.external_id)
            assert await tx.versions.list_by_organization(OrganizationId(404), PROVIDER, limit=10) == []

    async def test_stores_an_action(self, stage: StoreStage) -> None:
        """In the trail of its item and of its organization, for every provider if it has none."""
        organization = await stage.add_organization()
        changes: dict[str, list[Any]] = {"count": [None, 3], "odd": [0, "ß"]}
        entry = AuditEntry("thing", "7", "retried", _ACTOR, organization.id, None, changes)
        async with stage.unit_of_work() as tx:
            await tx.versions.record(entry)
            await tx.versions.record(replace(entry, item_id="8", provider="gitlab"))
            await tx.commit()
        async with stage.unit_of_work() as tx:
            [version] = await tx.versions.list_by_item("thing", "7")
            listed = await tx.versions.list_by_organization(organization.id, PROVIDER, limit=10)
        assert [version.item_id for version in listed] == ["7"]
        assert (version.event, version.actor, version.request_id) == ("retried", _ACTOR.name, "request-1")
        assert version.changes == changes

    async def test_stores_a_repeated_action_once(self, stage: StoreStage) -> None:
        """Another actor, event or item, and an earlier version, do not count."""
        entry = AuditEntry("thing", "7", "viewed", _ACTOR, None)
        others = [
            replace(entry, by=SystemActor("cli")),
            replace(entry, event="retried"),
            replace(entry, item_id="8"),
            replace(entry, item_type="other"),
        ]
        async with stage.unit_of_work() as tx:
            for _ in range(2):
                for action in (entry, *others):
                    await tx.versions.record(action, unless_since=time_ago(minutes=1))
            await tx.commit()
        async with stage.unit_of_work() as tx:
            await tx.versions.record(entry, unless_since=now() + timedelta(minutes=1))
            assert len(await tx.versions.list_by_item("thing", "7")) == 4
            assert len(await tx.versions.list_by_item("thing", "8")) == 1
            assert len(await tx.versions.list_by_item("other", "7")) == 1


_ACTOR = UserActor(UserId(1), UUID(int=1), "request-1")
