"""Returns without a state: GitHub's "Save" sends none, and anyone could have written one."""

from dataclasses import replace

from core.domain.flows.callback import Callback, SetupAction
from core.domain.flows.flow import FlowStep
from core.domain.provider_errors import InstallationGone
from core.domain.secret import Secret
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import Choose, Connected, NoFlow, RedirectTo
from tests.support.scenarios.connect_world import Browser
from tests.support.scenarios.install_results import connect, onward, refusal
from tests.support.scenarios.install_world import ACME, JONAS, MARA, MARAS, OLGA, WORKSHOP, InstallWorld


def callback_after_save(world: InstallWorld, installation_id: str | None = ACME, account: str = OLGA) -> Callback:
    """Return what comes with a browser after "Save" on the page of an installation."""
    code = world.provider.state.authorize(account)
    return Callback(None, code, installation_id, SetupAction.UPDATE)


async def test_save_continues_the_flow_of_this_browser(world: InstallWorld) -> None:
    """The app was installed already; a proof with this browser's account connects it."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, callback_after_save(world))
    assert isinstance(outcome, RedirectTo)
    assert not world.provider.calls["exchange_code"]  # the code in that URL may be anyone's
    assert await world.finish(world.mara, world.build_authorize_callback(onward(outcome), OLGA)) == Connected(
        "/settings"
    )
    assert world.list_installations() == {"Acme": ACME}


async def test_does_not_use_the_code_of_an_attacker(world: InstallWorld) -> None:
    """A link with the attacker's code and installation: only the user of this browser counts."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, callback_after_save(world, ACME, OLGA))
    came = world.build_authorize_callback(onward(outcome), MARA)
    choice = await world.finish(world.mara, came)
    # Mara cannot prove the attacker's installation, and her installations need a click.
    assert isinstance(choice, Choose)
    assert ACME not in [one.provider_id for one in choice.installations]
    assert world.list_installations() == {}


async def test_hint_only_orders_the_choices(world: InstallWorld) -> None:
    """The user chooses."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, callback_after_save(world, WORKSHOP))
    choice = await world.finish(world.mara, world.build_authorize_callback(onward(outcome), MARA))
    assert isinstance(choice, Choose)
    assert [one.provider_id for one in choice.installations] == [WORKSHOP, MARAS]
    assert await world.choose(world.mara, choice.state, WORKSHOP) == Connected("/settings")


async def test_installation_that_is_not_the_hint_needs_a_choice(world: InstallWorld) -> None:
    """A forged number must not select another installation of the user."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, callback_after_save(world, "999"))
    choice = await world.finish(world.mara, world.build_authorize_callback(onward(outcome), OLGA))
    assert isinstance(choice, Choose)
    assert [one.provider_id for one in choice.installations] == [ACME]
    assert world.list_installations() == {}


async def test_another_browser_or_user_continues_nothing(world: InstallWorld) -> None:
    """The flow needs its cookie and its session."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    for browser in (
        Browser(world.mara.person),
        Browser(world.jonas.person, world.mara.cookies),
        Browser(world.mara.person, dict.fromkeys(world.mara.cookies, "another")),
    ):
        assert isinstance(await world.finish(browser, callback_after_save(world)), NoFlow)
    assert world.flow().step is FlowStep.INSTALL


async def test_expired_flow_is_not_continued(world: InstallWorld) -> None:
    """The page offers the organization instead."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    world.later(minutes=10)
    assert await world.finish(world.mara, callback_after_save(world)) == NoFlow(SetupAction.UPDATE, [world.acme])


async def test_saving_a_connected_installation_continues_nothing(world: InstallWorld) -> None:
    """In a browser with an open flow."""
    await connect(world, OLGA, ACME)
    await world.begin(world.jonas, world.zenith, mode=InstallMode.NEW)
    outcome = await world.finish(world.jonas, callback_after_save(world, ACME, JONAS))
    assert outcome == NoFlow(SetupAction.UPDATE, [world.zenith])


async def test_asks_which_of_several_flows_to_continue(world: InstallWorld) -> None:
    """One browser, two tabs, two organizations."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, callback_after_save(world))
    assert isinstance(outcome, RedirectTo)  # two tabs of one organization need no choice
    await world.begin(world.mara, mode=InstallMode.NEW)
    newest = world.flow()
    world.database.committed.flows[newest.id] = replace(newest, organization_id=world.zenith.id)
    assert isinstance(await world.finish(world.mara, callback_after_save(world)), NoFlow)


async def test_missing_installation_can_be_installed_again(world: InstallWorld) -> None:
    """The account of this browser has no proof, so the page to install is next."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, callback_after_save(world))
    came = world.build_authorize_callback(onward(outcome), OLGA)
    world.provider.fail("list_visible_installations", InstallationGone("Gone."))
    assert refusal(await world.finish(world.mara, came)) is InstallationGone


async def test_request_without_a_state_continues_nothing(world: InstallWorld) -> None:
    """Only an installation or a save does."""
    await world.begin(world.mara, mode=InstallMode.NEW)
    for action in (None, SetupAction.REQUEST):
        came = Callback(None, Secret("x"), ACME, action)
        assert isinstance(await world.finish(world.mara, came), NoFlow)
