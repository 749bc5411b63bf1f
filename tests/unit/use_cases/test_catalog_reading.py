"""What members see of the catalog, how current it says it is, and what a person's wish for a sync does."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from core.domain.actors import ServiceActor, UserActor
from core.domain.catalog_search import CatalogFilter, CatalogPlace
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.integrations import Integration, IntegrationNotActive, IntegrationNotFound, IntegrationStatus
from core.domain.integrations import StatusReason as Reason
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.permissions import ActionForbidden
from core.domain.provider import (
    AppRefused,
    Branch,
    NotVisible,
    ProviderUnavailable,
    ProviderUnknown,
    RateLimited,
)
from core.domain.repositories import RepositoryNotFound
from core.domain.syncs import SyncCoolingDown, SyncPhase
from core.use_cases.catalog.branch_memory import BranchMemory
from core.use_cases.catalog.list_branches import BranchPage
from core.use_cases.catalog.list_repositories import CatalogPage
from tests.contract.memory_world import MemoryWorld
from tests.support.builders import PROVIDER, Fact, a_repository, ago
from tests.support.catalog import Catalog, facts


class Connected:
    """An organization with its catalog and one member."""

    def __init__(self, catalog: Catalog, organization: Organization, integration: Integration) -> None:
        self.catalog = catalog
        self.organization = organization
        self.integration = integration
        self.member: UserActor

    async def list(self, **asked: Fact) -> CatalogPage:
        """List as the member."""
        given = {"where": CatalogFilter(), "organization_id": self.organization.external_id}
        actor = asked.pop("actor", self.member)
        return await self.catalog.list_repositories(actor, **{"provider": PROVIDER, **given, **asked})

    async def branches(self, repo_id: str = "1", **asked: Fact) -> BranchPage:
        """List a repository's branches as the member."""
        return await self.catalog.list_branches(
            self.member,
            organization_id=self.organization.external_id,
            provider=PROVIDER,
            repo_id=RepoId(repo_id),
            **asked,
        )

    def has_branches(self, *names: str) -> None:
        """Let the first repository have these branches."""
        listed = [Branch(name, "0" * 40, protected=False) for name in names]
        self.catalog.provider.world.branches[RepoId("1")] = listed


@pytest.fixture
async def connected() -> Connected:
    """Give an organization whose catalog of four repositories was read just now."""
    catalog = Catalog(MemoryWorld())
    organization = await catalog.world.organization()
    listed = [facts(str(number)) for number in range(1, 5)]
    integration = await catalog.connected(*listed, organization=organization)
    found = Connected(catalog, organization, integration)
    found.member = await catalog.member(organization, Role.MEMBER)
    await catalog.sync(integration)
    return found


async def test_a_list_says_how_current_it_is(connected: Connected) -> None:
    """Right after a sync, and an hour later."""
    page = await connected.list()
    assert [row.repo_id for row in page.repositories] == ["1", "2", "3", "4"]
    assert (page.sync.phase, page.sync.age, page.next) == (SyncPhase.IDLE, timedelta(0), None)
    connected.catalog.clock.advance(timedelta(hours=1))
    assert (await connected.list()).sync.age == timedelta(hours=1)


async def test_pages_end_with_none(connected: Connected) -> None:
    """A page that is full says where the next begins, unless nothing follows."""
    first = await connected.list(limit=3)
    assert first.next == CatalogPlace("acme/repository-3", RepoId("3"))
    second = await connected.list(limit=3, after=first.next)
    assert [row.repo_id for row in second.repositories] == ["4"]
    assert second.next is None
    assert (await connected.list(limit=4)).next is None


async def test_lists_are_served_while_the_provider_is_down(connected: Connected) -> None:
    """From the catalog, with its age and why it is not newer; nobody asks the provider."""
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
        connected.member,
        organization_id=connected.organization.external_id,
        provider=PROVIDER,
        repo_id=RepoId("2"),
    )
    assert (details.repository.full_name, details.sync) == ("acme/repository-2", page.sync)


async def test_a_suspended_integration_still_shows_its_catalog(connected: Connected) -> None:
    """Nobody withdrew what it shows; a revoked one shows nothing."""
    suspended = {"status": IntegrationStatus.SUSPENDED, "status_reason": Reason.SUSPENDED_ON_PROVIDER}
    await connected.catalog.change(connected.integration, **suspended)
    assert len((await connected.list()).repositories) == 4
    assert len((await connected.list(refresh=True)).repositories) == 4
    revoked = {"status": IntegrationStatus.REVOKED, "status_reason": Reason.DISCONNECTED}
    await connected.catalog.change(connected.integration, **revoked)
    with pytest.raises(IntegrationNotActive):
        await connected.list()


async def test_refresh_asks_for_a_sync_and_waits_for_none(connected: Connected) -> None:
    """Once a minute; sooner it only shows what there is."""
    catalog = connected.catalog
    assert (await connected.list(refresh=True)).sync.phase is SyncPhase.IDLE
    catalog.clock.advance(timedelta(minutes=1))
    page = await connected.list(refresh=True)
    assert (page.sync.phase, page.sync.requested_at) == (SyncPhase.REQUESTED, catalog.clock.now())
    assert len(page.repositories) == 4
    await catalog.sync_due()
    assert (await connected.list()).sync.phase is SyncPhase.IDLE


async def test_a_wish_leaves_a_version(connected: Connected) -> None:
    """The trail tells who asked."""
    connected.catalog.clock.advance(timedelta(minutes=1))
    await connected.list(refresh=True)
    async with connected.catalog.world.unit_of_work() as tx:
        trail = await tx.versions.of_item("integration", str(connected.integration.external_id))
    assert trail[-1].actor == connected.member.name
    assert trail[-1].changes.keys() == {"sync_requested_at"}


async def request(connected: Connected, actor: UserActor | ServiceActor | None = None) -> SyncPhase:
    """Ask for a sync."""
    state = await connected.catalog.request_sync(
        actor or connected.member,
        organization_id=connected.organization.external_id,
        provider=PROVIDER,
    )
    return state.phase


async def test_a_sync_asked_for_too_soon_is_refused(connected: Connected) -> None:
    """With how long to wait; a minute later it is noted, and asking again notes no second one."""
    connected.catalog.clock.advance(timedelta(seconds=20))
    with pytest.raises(SyncCoolingDown) as refusal:
        await request(connected)
    assert refusal.value.retry_after == 40
    connected.catalog.clock.advance(timedelta(seconds=40))
    assert [await request(connected), await request(connected)] == [SyncPhase.REQUESTED] * 2


async def test_a_running_sync_answers_whoever_asks(connected: Connected) -> None:
    """It began moments ago; a second one would tell nothing new."""
    catalog = connected.catalog
    catalog.clock.advance(timedelta(minutes=1))
    await request(connected)
    phases = []

    async def ask(call: str) -> None:
        if call == "repositories":
            phases.append(await request(connected))

    catalog.provider.before = ask
    await catalog.sync_due()
    assert phases == [SyncPhase.RUNNING]
    assert (await catalog.read(connected.integration)).sync_requested_at is None


@pytest.mark.parametrize(
    ("code", "waits"), [("provider_unavailable", False), ("provider_rate_limited", True)]
)
async def test_a_failed_sync_is_tried_again_at_once_when_asked(
    connected: Connected, code: str, waits: bool
) -> None:
    """A person who has mended something need not wait for the retry, unless it is the provider's wish."""
    catalog = connected.catalog
    retry_at = catalog.clock.now() + timedelta(hours=1)
    await catalog.change(connected.integration, sync_error=code, sync_failures=3, sync_retry_at=retry_at)
    assert await request(connected) is SyncPhase.FAILED
    assert bool(await catalog.sync_due()) is not waits


REFUSED: list[tuple[dict[str, Fact], type[DomainError]]] = [
    ({"organization_id": uuid4()}, OrganizationNotFound),
    ({"provider": "gitlab"}, ProviderUnknown),
]


@pytest.mark.parametrize(("asked", "error"), REFUSED)
async def test_what_does_not_exist(
    connected: Connected, asked: dict[str, Fact], error: type[DomainError]
) -> None:
    """An organization, or a provider; the refusal of the latter names those there are."""
    with pytest.raises(error) as refusal:
        await connected.list(**asked)
    assert (error is not ProviderUnknown) or ("github" in refusal.value.message)


async def test_who_may_list_and_who_may_sync(connected: Connected) -> None:
    """Members see, viewers see but do not sync, others learn nothing; services go by their scopes."""
    world = connected.catalog.world
    viewer = await connected.catalog.member(connected.organization, Role.VIEWER)
    outsider = await connected.catalog.member(await world.organization(), Role.OWNER)
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


async def test_an_organization_without_an_integration(connected: Connected) -> None:
    """It is told to connect first."""
    organization = await connected.catalog.world.organization()
    owner = await connected.catalog.member(organization, Role.OWNER)
    with pytest.raises(IntegrationNotFound):
        await connected.list(actor=owner, organization_id=organization.external_id)
    with pytest.raises(IntegrationNotFound):
        await connected.catalog.request_sync(
            owner, organization_id=organization.external_id, provider=PROVIDER
        )


async def test_only_repositories_of_this_integrations_catalog_are_shown(connected: Connected) -> None:
    """Another organization's, a removed one and one nobody has all answer alike, branches included."""
    catalog = connected.catalog
    await catalog.connected(facts("77", private=False), provider_id="2")
    await catalog.save(a_repository(connected.integration, "4", removed_at=ago(minutes=1)))
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
    assert catalog.provider.calls["branches"] == 0


def names(page: BranchPage) -> list[str]:
    """Return the names of a page's branches."""
    return [branch.name for branch in page.branches]


async def test_the_default_branch_comes_first(connected: Connected) -> None:
    """Then the others by name, found anywhere in it, in any case."""
    connected.has_branches("a-fix", "Zeta", "main", "beta", "feature/MAIN-1")
    page = await connected.branches()
    assert names(page) == ["main", "a-fix", "beta", "feature/MAIN-1", "Zeta"]
    assert (page.default_branch, page.next, page.is_stale, page.is_complete) == ("main", None, False, True)
    assert names(await connected.branches(text="main")) == ["main", "feature/MAIN-1"]
    assert names(await connected.branches(text="ETA")) == ["beta", "Zeta"]
    assert names(await connected.branches(text="nothing")) == []


async def test_pages_of_branches(connected: Connected) -> None:
    """Each branch is on one page; what went meanwhile moves nothing."""
    connected.has_branches("a", "b", "c", "main")
    first = await connected.branches(limit=2)
    assert (names(first), first.next) == (["main", "a"], "a")
    connected.catalog.clock.advance(timedelta(minutes=1))
    connected.has_branches("b", "c", "main")
    second = await connected.branches(limit=2, after=first.next)
    assert (names(second), second.next) == (["b", "c"], None)


async def test_an_empty_repository_has_no_branches(connected: Connected) -> None:
    """That is no error."""
    assert names(await connected.branches()) == []


async def test_branches_are_asked_for_now_and_then(connected: Connected) -> None:
    """Once in half a minute, and once for all who ask at the same moment."""
    catalog = connected.catalog
    connected.has_branches("main")
    await asyncio.gather(*(connected.branches() for _ in range(10)))
    await connected.branches()
    assert catalog.provider.calls["branches"] == 1
    connected.has_branches("main", "new")
    catalog.clock.advance(timedelta(seconds=30))
    assert names(await connected.branches()) == ["main", "new"]
    assert catalog.provider.calls["branches"] == 2


DOWN: dict[str, DomainError] = {
    "outage": ProviderUnavailable("It does not answer."),
    "limit": RateLimited(ago(minutes=-1), retry_after=60),
    "our app": AppRefused("The key is wrong."),
}


@pytest.mark.parametrize("error", DOWN.values(), ids=DOWN.keys())
async def test_what_was_known_is_served_while_the_provider_is_down(
    connected: Connected, error: DomainError
) -> None:
    """Marked as stale, with its time; fresh again when it answers."""
    catalog = connected.catalog
    connected.has_branches("main", "known")
    fetched_at = (await connected.branches()).fetched_at
    catalog.provider.fail("branches", error, times=None)
    catalog.clock.advance(timedelta(hours=1))
    page = await connected.branches(text="know")
    assert (names(page), page.is_stale, page.fetched_at) == (["known"], True, fetched_at)
    catalog.provider.heal()
    assert not (await connected.branches()).is_stale


async def test_without_anything_known_the_outage_is_told(connected: Connected) -> None:
    """Nothing is not the same as no branches."""
    connected.catalog.provider.fail("branches", DOWN["outage"])
    with pytest.raises(ProviderUnavailable):
        await connected.branches()


async def test_what_says_something_of_the_repository_is_not_glossed_over(connected: Connected) -> None:
    """A repository that is gone, or an installation that is suspended, shows no old branches."""
    connected.has_branches("main")
    await connected.branches()
    connected.catalog.clock.advance(timedelta(minutes=1))
    connected.catalog.provider.fail("branches", NotVisible("It is gone."))
    with pytest.raises(NotVisible):
        await connected.branches()


async def test_of_very_many_branches_those_a_text_begins_are_asked_for(connected: Connected) -> None:
    """A thousand are listed, and that there are more is said; the default one is always there."""
    catalog = connected.catalog
    connected.has_branches(*(f"b{number:04}" for number in range(1500)), "main", "zoo/lion", "zoo/tiger")
    page = await connected.branches()
    assert (page.branches[0].name, page.is_complete) == ("main", False)
    assert names(await connected.branches(text="0999")) == ["b0999"]
    found = await connected.branches(text="zoo/")
    assert (names(found), found.is_complete) == (["zoo/lion", "zoo/tiger"], False)
    catalog.provider.fail("branches", DOWN["outage"])
    found = await connected.branches(text="zoo/")
    assert (names(found), found.is_stale) == ([], True)
    assert names(await connected.branches(text="mai")) == ["main"]


async def test_branches_of_one_installation_are_not_shown_under_another(connected: Connected) -> None:
    """What one account's token saw is nothing for those who connect another account later."""
    catalog = connected.catalog
    connected.has_branches("secret")
    await connected.branches()
    catalog.provider.world.install("2", facts("1"))
    await catalog.change(connected.integration, provider_id="2")
    catalog.provider.fail("branches", DOWN["outage"])
    with pytest.raises(ProviderUnavailable):
        await connected.branches()


async def test_the_memory_is_bounded(connected: Connected) -> None:
    """The repository not looked at for longest is forgotten first."""
    catalog = connected.catalog
    bounded = BranchMemory(most=5)
    asked = catalog.list_branches
    catalog.list_branches = type(asked)(
        asked.unit_of_work, asked.directory, asked.authorizer, asked.access, asked.clock, bounded
    )
    connected.has_branches("a", "b", "main")
    for repo_id in ("1", "2", "3", "2", "3", "1"):
        await connected.branches(repo_id)
    assert catalog.provider.calls["branches"] == 4
