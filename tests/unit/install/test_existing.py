"""Connecting what is installed already: proven, chosen, explained, and never lost among many."""

from core.domain.flows.callback import Callback, ChoiceInvalid
from core.domain.flows.flow import FlowInvalid
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.install.claims import InstallationNotProven
from core.domain.integrations.integration import IntegrationStatus, OrganizationAlreadyConnected, StatusReason
from core.domain.provider_errors import InstallationSuspended
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Choose, Connected, RedirectTo
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.install_results import connect, expect_error, onward, open_choice, revoke
from tests.support.scenarios.install_world import ACME, JONAS, MARA, MARAS, OLGA, WORKSHOP, InstallWorld


async def test_connects_an_existing_proven_installation(world: InstallWorld) -> None:
    """A single one at once, without a new installation."""
    came = world.build_authorize_callback(await world.begin(world.mara, mode=InstallMode.EXISTING), OLGA)
    assert await world.finish(world.mara, came) == Connected("/settings")
    assert world.list_installations() == {"Acme": ACME}


async def test_user_chooses_one_of_several(world: InstallWorld) -> None:
    """Only proven ones are offered and can be chosen, once."""
    came = world.build_authorize_callback(await world.begin(world.mara, mode=InstallMode.EXISTING), MARA)
    choice = await world.finish(world.mara, came)
    assert isinstance(choice, Choose)
    assert [one.provider_id for one in choice.installations] == [MARAS, WORKSHOP]
    assert choice.organization_id == world.acme.external_id
    await expect_error(world.choose(world.jonas, choice.state, WORKSHOP), FlowInvalid)
    assert await world.choose(world.mara, choice.state, WORKSHOP) == Connected("/settings")
    assert await world.choose(world.mara, choice.state, MARAS) == Connected("/settings")
    assert world.list_installations() == {"Acme": WORKSHOP}


async def test_rejects_a_choice_that_was_not_offered(world: InstallWorld) -> None:
    """Also without a page of choices, or by a return."""
    sent = await world.begin(world.mara, mode=InstallMode.EXISTING)
    await expect_error(world.choose(world.mara, sent.query["state"], ACME), ChoiceInvalid)
    choice = await open_choice(world)
    await expect_error(world.choose(world.mara, choice.state, ACME), ChoiceInvalid)
    choice = await open_choice(world)
    await expect_error(world.finish(world.mara, Callback(choice.state, None, ACME)), FlowInvalid)
    assert world.list_installations() == {}


async def test_explains_a_missing_proof_before_installing(world: InstallWorld) -> None:
    """Seeing an installation, or administering a part of it, is not enough."""
    came = world.build_authorize_callback(
        await world.begin(world.jonas, world.zenith, mode=InstallMode.EXISTING), JONAS
    )
    outcome = await world.finish(world.jonas, came)
    assert isinstance(outcome, RedirectTo)
    assert type(outcome.unproven) is InstallationNotProven
    assert onward(outcome).is_for_installing
    # A user who sees no repository gets no installation.
    world.provider.state.register("77")
    came = world.build_authorize_callback(await world.begin(world.jonas, world.zenith, mode=InstallMode.EXISTING), "77")
    outcome = await world.finish(world.jonas, came)
    assert isinstance(outcome, RedirectTo)
    assert outcome.unproven is None


async def test_explains_a_suspended_installation(world: InstallWorld) -> None:
    """A new installation would end at the provider's settings page, without a return."""
    world.provider.state.suspend(ACME)
    came = world.build_authorize_callback(await world.begin(world.mara, mode=InstallMode.EXISTING), OLGA)
    outcome = await world.finish(world.mara, came)
    assert isinstance(outcome, RedirectTo)
    assert type(outcome.unproven) is InstallationSuspended


async def test_offers_the_former_installation_first(world: InstallWorld) -> None:
    """For any number of installations."""
    assert await connect(world, OLGA, ACME) == Connected("/settings")
    await revoke(world)
    there = world.provider.state
    many = [str(number) for number in range(200, 260)]
    kept = there.installations.pop(ACME)
    for number in many:
        there.install(number, facts(number), account_id=number, login=f"account-{number}")
    there.installations[ACME] = kept
    there.people[ProviderUserId(OLGA)].sees.update(map(RepoId, many))
    there.people[ProviderUserId(OLGA)].administers.update(map(RepoId, many))
    choice = await world.finish(world.mara, world.build_authorize_callback(await world.begin(world.mara), OLGA))
    assert isinstance(choice, Choose)
    assert choice.installations[0].provider_id == ACME


async def test_reconnecting_reuses_the_integration(world: InstallWorld) -> None:
    """An existing installation is searched first; otherwise its account is preselected."""
    await connect(world, OLGA, ACME)
    before = world.integration()
    await revoke(world)
    sent = await world.begin(world.mara)
    assert not sent.is_for_installing
    assert await world.finish(world.mara, world.build_authorize_callback(sent, OLGA)) == Connected("/settings")
    after = world.integration()
    assert (after.id, after.external_id, after.status) == (before.id, before.external_id, IntegrationStatus.ACTIVE)
    await revoke(world)
    assert (await world.begin(world.mara, mode=InstallMode.NEW)).query["target_id"] == "9"


async def test_reconnects_a_rejected_installation(world: InstallWorld) -> None:
    """The card of an integration that this service suspended offers it."""
    for provider_id in (ACME, ACME):
        if not world.database.committed.integrations:
            await connect(world, OLGA, provider_id)
        integration = world.integration()
        suspended = integration.suspend(StatusReason.TOKEN_REFUSED, at=world.clock.now())
        world.database.committed.integrations[integration.id] = suspended
        came = world.build_authorize_callback(await world.begin(world.mara, mode=InstallMode.EXISTING), OLGA)
        assert await world.finish(world.mara, came) == Connected("/settings")
        after = world.integration()
        assert (after.id, after.status, after.status_reason) == (integration.id, IntegrationStatus.ACTIVE, None)
    suspended = world.integration().suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=world.clock.now())
    world.database.committed.integrations[suspended.id] = suspended
    await expect_error(world.begin(world.mara, mode=InstallMode.EXISTING), OrganizationAlreadyConnected)
