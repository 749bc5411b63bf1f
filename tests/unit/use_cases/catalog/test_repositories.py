"""What members see of the catalog, and how current it says it is."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.domain.actors import ServiceActor
from core.domain.catalog.repository import RepositoryNotFound
from core.domain.catalog.search import CatalogPosition
from core.domain.catalog.sync import SyncPhase
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import IntegrationNotActive, IntegrationNotFound, IntegrationStatus
from core.domain.integrations.integration import StatusReason as Reason
from core.domain.organizations import OrganizationNotFound, Role
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import ProviderUnavailable, ProviderUnknown
from testing.builders.entities import PROVIDER, Fact, build_repository, time_ago
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_reader import Connected, request


async def test_list_has_its_age(connected: Connected) -> None:
    """Right after a sync, and an hour later."""
    page = await connected.list()
    assert [row.repo_id for row in page.repositories] == ["1", "2", "3", "4"]
    assert (page.sync.phase, page.sync.age, page.next) == (SyncPhase.IDLE, timedelta(0), None)
    connected.catalog.clock.advance(timedelta(hours=1))
    assert (await connected.list()).sync.age == timedelta(hours=1)


async def test_last_page_has_no_cursor(connected: Connected) -> None:
    """A full page has a cursor only if rows follow."""
    first = await connected.list(limit=3)
    assert first.next == CatalogPosition("acme/repository-3", RepoId("3"))
    second = await connected.list(limit=3, after=first.next)
    assert [row.repo_id for row in second.repositories] == ["4"]
    assert second.next is None
    assert (await connected.list(limit=4)).next is None


async def test_lists_during_an_outage(connected: Connected) -> None:
    """From the catalog, with age and reason; the provider is not called."""
    catalog = connected.catalog
    outage = ProviderUnavailable("It does not answer.", retry_after=30)
    catalog.provider.fail("*", outage, times=None)
    await catalog.change(connected.integration, sync_requested_at=catalog.clock.now())
    catalog.clock.advance(timedelta(minutes=10))
    await catalog.sync_due()
    page = await connected.list()
    assert len(page.repositories) == 4
    assert (page.sync.phase, page.sync.age) == (SyncPhase.FAILED, timedelta(minutes=10))
    assert page.sync.error == "provider_unavailable"
    assert page.sync.retry_at is not None
    details = await catalog.show_repository(
        connected.member, organization_id=connected.organization.external_id, provider=PROVIDER, repo_id=RepoId("2")
    )
    assert (details.repository.full_name, details.sync) == ("acme/repository-2", page.sync)


async def test_suspended_integration_shows_its_catalog(connected: Connected) -> None:
    """A revoked one shows nothing."""
    suspended = {"status": IntegrationStatus.SUSPENDED, "status_reason": Reason.SUSPENDED_ON_PROVIDER}
    await connected.catalog.change(connected.integration, **suspended)
    assert len((await connected.list()).repositories) == 4
    assert len((await connected.list(refresh=True)).repositories) == 4
    revoked = {"status": IntegrationStatus.REVOKED, "status_reason": Reason.DISCONNECTED}
    await connected.catalog.change(connected.integration, **revoked)
    with pytest.raises(IntegrationNotActive):
        await connected.list()


REFUSED: list[tuple[dict[str, Fact], type[DomainError]]] = [
    ({"organization_id": uuid4()}, OrganizationNotFound),
    ({"provider": "gitlab"}, ProviderUnknown),
]


@pytest.mark.parametrize(("arguments", "error"), REFUSED)
async def test_missing_organization_or_provider_is_not_found(
    connected: Connected, arguments: dict[str, Fact], error: type[DomainError]
) -> None:
    """The error lists the known providers."""
    with pytest.raises(error) as refusal:
        await connected.list(**arguments)
    assert (error is not ProviderUnknown) or ("github" in refusal.value.message)


async def test_permissions_to_list_and_sync(connected: Connected) -> None:
    """Members can do both, viewers can list, other users get 404, services need scopes."""
    world = connected.catalog.world
    viewer = await connected.catalog.member(connected.organization, Role.VIEWER)
    outsider = await connected.catalog.member(await world.add_organization(), Role.OWNER)
    connected.catalog.clock.advance(timedelta(minutes=1))
    assert len((await connected.list(actor=viewer)).repositories) == 4
    with pytest.raises(ActionForbidden):
        await connected.list(actor=viewer, refresh=True)
    with pytest.raises(ActionForbidden):
        await request(connected, viewer)
    with pytest.raises(OrganizationNotFound):
        await connected.list(actor=outsider)
    reader = ServiceActor("reader", frozenset({"git.read"}))
    assert len((await connected.list(actor=reader)).repositories) == 4
    with pytest.raises(ActionForbidden):
        await request(connected, reader)
    assert await request(connected, ServiceActor("x", frozenset({"git.link"}))) is SyncPhase.REQUESTED


async def test_organization_without_an_integration_must_connect(connected: Connected) -> None:
    organization = await connected.catalog.world.add_organization()
    owner = await connected.catalog.member(organization, Role.OWNER)
    with pytest.raises(IntegrationNotFound):
        await connected.list(actor=owner, organization_id=organization.external_id)
    with pytest.raises(IntegrationNotFound):
        await connected.catalog.request_sync(owner, organization_id=organization.external_id, provider=PROVIDER)


async def test_shows_only_repositories_of_the_catalog(connected: Connected) -> None:
    """Foreign, removed and missing ones have equal responses, for branches, too."""
    catalog = connected.catalog
    await catalog.connect(facts("77", private=False), provider_id="2")
    await catalog.save(build_repository(connected.integration, "4", removed_at=time_ago(minutes=1)))
    messages = set()
    for repo_id in ("77", "4", "404", "", "x/../y"):
        with pytest.raises(RepositoryNotFound) as refusal:
            await connected.branches(repo_id)
        messages.add(refusal.value.message)
        with pytest.raises(RepositoryNotFound):
            await catalog.show_repository(
                connected.member,
                organization_id=connected.organization.external_id,
                provider=PROVIDER,
                repo_id=RepoId(repo_id),
            )
    assert len(messages) == 1
    assert catalog.provider.calls["list_branches"] == 0
