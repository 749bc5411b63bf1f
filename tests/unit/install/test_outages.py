"""When the provider does not answer, the flow waits for it."""

import pytest

from core.domain.errors import DomainError
from core.domain.provider_errors import AppRefused, ProviderUnavailable
from core.use_cases.install.results import Choose, Connected
from tests.support.scenarios.install_results import connect, leaves_nothing, onward, open_choice, refusal
from tests.support.scenarios.install_world import ACME, MARA, MARAS, OLGA, InstallWorld


@pytest.mark.parametrize("call", ["exchange_code", "get_person", "list_visible_installations", "get_installation"])
@pytest.mark.parametrize("error", [ProviderUnavailable("No answer."), AppRefused("Refused.")])
async def test_retries_unanswered_calls(world: InstallWorld, call: str, error: DomainError) -> None:
    """The flow continues with what it has learned."""
    sent = await world.begin(world.mara)
    world.provider.fail(call, error)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME))
    assert refusal(outcome) is type(error)
    assert world.list_installations() == {}
    assert leaves_nothing(world)
    assert await world.finish(world.mara, world.build_authorize_callback(onward(outcome), OLGA)) == Connected(
        "/settings"
    )
    is_reported = call == "exchange_code" and isinstance(error, AppRefused)
    assert world.alerts.codes == ["app_refused"] * is_reported


@pytest.mark.parametrize("call", ["count_administered", "mint_token", "list_repository_pages"])
async def test_retries_unanswered_counts(world: InstallWorld, call: str) -> None:
    """A timeout is not a missing proof."""
    sent = await world.begin(world.mara)
    world.provider.fail(call, ProviderUnavailable("No answer."))
    outcome = await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME))
    assert refusal(outcome) is ProviderUnavailable
    assert await world.finish(world.mara, world.build_authorize_callback(onward(outcome), OLGA)) == Connected(
        "/settings"
    )


async def test_failed_revocation_does_not_undo_the_connection(world: InstallWorld) -> None:
    """The token expires by itself."""
    world.provider.fail("revoke_user_token", ProviderUnavailable("No answer."))
    assert await connect(world, OLGA, ACME) == Connected("/settings")


async def test_outage_during_the_choice_can_be_retried(world: InstallWorld) -> None:
    """The user chooses again."""
    choice = await open_choice(world)
    world.provider.fail("get_installation", ProviderUnavailable("No answer."))
    outcome = await world.choose(world.mara, choice.state, MARAS)
    assert refusal(outcome) is ProviderUnavailable
    assert isinstance(await world.finish(world.mara, world.build_authorize_callback(onward(outcome), MARA)), Choose)
