"""Many installations and many repositories: paged, named when they fail, and proven over several requests."""

import pytest

from core.domain.errors import DomainError
from core.domain.flows.callback import ChoiceInvalid
from core.domain.flows.flow import FlowExpired, FlowInvalid
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.install.claims import InstallationNotProven
from core.domain.provider_errors import AddressNotAllowed, ProviderUnavailable, RateLimited, SingleSignOnRequired
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.prove_installations import PAGE
from core.use_cases.install.results import Checking, Choose, Connected, InstallResult, RetryLater
from testing.builders.entities import now
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.install_results import connect, expect_error, leaves_nothing, onward, refusal
from tests.support.scenarios.install_world import ACME, MARA, MARAS, OLGA, WORKSHOP, InstallWorld, Sent


def install_many(world: InstallWorld, count: int, *, first: int = 1000) -> list[str]:
    """Let Olga administer as many installations more."""
    there, olga = world.provider.state, world.provider.state.people[ProviderUserId(OLGA)]
    numbers = [str(number) for number in range(first, first + count)]
    for number in numbers:
        there.install(number, facts(number), account_id=number, login=f"account-{number}")
    olga.sees.update(map(RepoId, numbers))
    olga.administers.update(map(RepoId, numbers))
    return numbers


async def return_as(world: InstallWorld, account: str, sent: Sent | None = None) -> InstallResult:
    """Let a browser return from the page to authorize as this account."""
    sent = sent or await world.begin(world.mara, mode=InstallMode.EXISTING)
    return await world.finish(world.mara, world.build_authorize_callback(sent, account))


async def test_pages_120_installations(world: InstallWorld) -> None:
    """Each page is checked on request, and nothing is checked twice."""
    install_many(world, 119)
    choice = await return_as(world, OLGA)
    assert isinstance(choice, Choose)
    assert (len(choice.installations), choice.page, choice.pages) == (PAGE, 0, 4)
    assert len(choice.unchecked) == 120 - PAGE
    assert world.provider.calls["get_installation"] == PAGE
    seen = [one.provider_id for one in choice.installations]
    for page in (1, 2, 3):
        sent = onward(await world.choose(world.mara, choice.state, "", page=page))
        choice = await return_as(world, OLGA, sent)
        assert isinstance(choice, Choose)
        assert choice.page == page
        seen += [one.provider_id for one in choice.installations]
    assert len(set(seen)) == 120
    last = seen[-1]
    assert await world.choose(world.mara, choice.state, last) == Connected("/settings")
    assert world.list_installations() == {"Acme": last}


async def test_proves_a_choice_of_an_unchecked_page_at_the_return(world: InstallWorld) -> None:
    """The choice needs no paging."""
    last = install_many(world, 119)[-1]
    choice = await return_as(world, OLGA)
    assert isinstance(choice, Choose)
    sent = onward(await world.choose(world.mara, choice.state, last))
    assert await return_as(world, OLGA, sent) == Connected("/settings")
    assert world.list_installations() == {"Acme": last}


async def test_unchecked_offer_is_not_a_proof(world: InstallWorld) -> None:
    """The returning user has to prove it, and can choose only offered ones."""
    last = install_many(world, 119)[-1]
    choice = await return_as(world, OLGA)
    assert isinstance(choice, Choose)
    sent = onward(await world.choose(world.mara, choice.state, last))
    assert isinstance(await return_as(world, MARA, sent), RetryLater)
    assert world.list_installations() == {}
    choice = await return_as(world, OLGA)
    assert isinstance(choice, Choose)
    await expect_error(world.choose(world.mara, choice.state, "999999"), ChoiceInvalid)
    await expect_error(world.choose(world.jonas, choice.state, last), FlowInvalid)


async def test_failing_installation_does_not_affect_the_list(world: InstallWorld) -> None:
    """It is named with its reason, and the others are offered."""
    for error in (
        ProviderUnavailable("No answer."),
        SingleSignOnRequired("Sign in first."),
        AddressNotAllowed("Not from here."),
    ):
        # Mara's own account is proven without counting, the workshop by counting.
        world.provider.fail("count_administered", error)
        choice = await return_as(world, MARA)
        assert isinstance(choice, Choose)
        assert MARAS in [one.provider_id for one in choice.installations]
        [failed] = [one for one in choice.failed if not one.is_final]
        assert failed.refusal is error
        assert failed.installation.account_login in ("workshop", "olga", "acme", "empty")
    assert world.list_installations() == {}


async def test_rate_limit_is_not_an_error_of_one_installation(world: InstallWorld) -> None:
    """All would fail, so the whole is retried later."""
    world.provider.fail("count_administered", RateLimited(now(), retry_after=60.0))
    assert refusal(await return_as(world, MARA)) is RateLimited


async def test_sign_on_and_address_errors_can_be_retried(world: InstallWorld) -> None:
    """Nothing is suspended or connected."""
    errors: list[DomainError] = [SingleSignOnRequired("First.", url="https://x.example"), AddressNotAllowed("No.")]
    for error in errors:
        world.provider.fail("count_administered", error)
        outcome = await return_as(world, OLGA)
        assert isinstance(outcome, RetryLater)
        assert outcome.refusal is error
        assert outcome.refusal.way_back is not None
        assert leaves_nothing(world)
    assert await return_as(world, OLGA, onward(outcome)) == Connected("/settings")


async def test_accounts_hidden_by_single_sign_on_are_not_missing(world: InstallWorld) -> None:
    """The user signs in there first."""
    world.provider.state.hides_accounts = True
    world.provider.state.register("77")
    outcome = await return_as(world, "77")
    assert refusal(outcome) is SingleSignOnRequired
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    claimed = await world.finish(world.mara, world.build_install_callback(sent, "77", ACME))
    assert isinstance(claimed, RetryLater)
    assert isinstance(claimed.refusal, SingleSignOnRequired)
    assert claimed.refusal.url == "https://provider.example/orgs/acme/sso"


def slow_pages(world: InstallWorld, seconds: float) -> None:
    """Let each page of a person's repositories take this long."""

    async def take(call: str) -> None:
        if call == "administered_page":
            world.later(seconds=seconds)

    world.provider.before = take


def enlarge(world: InstallWorld, count: int, *, but: int | None = None) -> None:
    """Let Olga administer as many repositories of Acme's account, all but one at most."""
    there, olga = world.provider.state, world.provider.state.people[ProviderUserId(OLGA)]
    numbers = [str(number) for number in range(10_000, 10_000 + count)]
    there.install(ACME, *(facts(number) for number in numbers))
    olga.sees |= set(map(RepoId, numbers))
    olga.administers |= set(map(RepoId, numbers)) - {RepoId(numbers[but]) if but is not None else RepoId("0")}


async def test_proves_12000_repositories_over_several_requests(world: InstallWorld) -> None:
    """Each request reads for ten seconds, and the next, in any process, continues."""
    enlarge(world, 12_000)
    slow_pages(world, 0.5)
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME))
    steps = []
    while isinstance(outcome, Checking):
        steps.append((outcome.checked, outcome.total))
        assert leaves_nothing(world)
        outcome = await return_as(world, OLGA, Sent(outcome.url))
    assert outcome == Connected("/settings")
    assert steps[0] == (2000, 12_000)
    assert len(steps) == 5
    assert world.provider.calls["administered_page"] == 120
    assert world.list_installations() == {"Acme": ACME}


async def test_counting_stops_at_the_first_repository_without_administration(world: InstallWorld) -> None:
    """Two pages are enough; the other 118 are not read."""
    enlarge(world, 12_000, but=150)
    slow_pages(world, 0.5)
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME))
    assert isinstance(outcome, RetryLater)
    assert world.provider.calls["administered_page"] == 2
    assert world.list_installations() == {}


async def test_checks_cheap_proofs_first(world: InstallWorld) -> None:
    """A delivery that names the user as installer makes counting unnecessary."""
    enlarge(world, 12_000)
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    world.later(seconds=1)
    await world.announce(ACME, sender=OLGA)
    assert await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME)) == Connected("/settings")
    assert not world.provider.calls["administered_page"]


async def test_offers_a_large_installation_unchecked(world: InstallWorld) -> None:
    """It does not delay the others."""
    enlarge(world, 5_000)
    install_many(world, 1)
    slow_pages(world, 1)
    choice = await return_as(world, OLGA)
    assert isinstance(choice, Choose)
    assert ([one.provider_id for one in choice.installations], [one.provider_id for one in choice.unchecked]) == (
        ["1000"],
        [ACME],
    )
    outcome = await return_as(world, OLGA, onward(await world.choose(world.mara, choice.state, ACME)))
    while isinstance(outcome, Checking):
        outcome = await return_as(world, OLGA, Sent(outcome.url))
    assert outcome == Connected("/settings")


async def test_checks_a_single_large_installation_completely(world: InstallWorld) -> None:
    """There is nothing to choose."""
    enlarge(world, 5_000)
    slow_pages(world, 1)
    outcome = await return_as(world, OLGA)
    assert isinstance(outcome, Checking)
    assert (outcome.checked, outcome.total) == (1000, 5000)
    while isinstance(outcome, Checking):
        outcome = await return_as(world, OLGA, Sent(outcome.url))
    assert outcome == Connected("/settings")
    assert world.provider.calls["administered_page"] == 50


async def test_another_user_cannot_continue_a_count(world: InstallWorld) -> None:
    """An administrator of only the remaining repositories has no proof."""
    enlarge(world, 5_000)
    there = world.provider.state
    olga, mara = [there.people[ProviderUserId(one)] for one in (OLGA, MARA)]
    mara.sees |= olga.sees
    mara.administers |= set(sorted(olga.administers)[500:])
    slow_pages(world, 1)
    outcome = await return_as(world, OLGA)
    assert isinstance(outcome, Checking)
    assert outcome.checked == 1000
    assert refusal(await return_as(world, MARA, Sent(outcome.url))) is InstallationNotProven
    assert world.list_installations() == {}


@pytest.mark.slow
async def test_counting_ends_after_an_hour(world: InstallWorld) -> None:
    """No account takes longer."""
    enlarge(world, 100_000)
    slow_pages(world, 60)
    outcome = await return_as(world, OLGA)
    doing = None
    for _ in range(60):
        assert isinstance(outcome, Checking)
        came = world.build_authorize_callback(Sent(outcome.url), OLGA)
        try:
            outcome = await world.finish(world.mara, came)
        except FlowExpired as ended:
            doing = ended
            break
    assert doing is not None
    assert doing.way_back is not None
    assert world.list_installations() == {}


async def test_connects_a_proven_choice_directly(world: InstallWorld) -> None:
    """Without another visit to the provider."""
    assert await connect(world, MARA, WORKSHOP) == Connected("/settings")
