"""Results of the install steps, for tests to check and continue."""

from collections.abc import Awaitable

import pytest

from core.domain.errors import DomainError
from core.domain.integrations.integration import StatusReason
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import (
    AwaitingApproval,
    Choose,
    ChooseRequest,
    InstallResult,
    RedirectTo,
    RetryLater,
)
from tests.support.scenarios.install_world import MARA, InstallWorld, Sent


def onward(outcome: InstallResult) -> Sent:
    """Return the provider's page that the browser is sent to."""
    assert isinstance(outcome, RedirectTo | RetryLater), outcome
    return Sent(outcome.url)


def refusal(outcome: InstallResult) -> type[DomainError]:
    """Return what was refused; the flow lives."""
    assert isinstance(outcome, RetryLater), outcome
    return type(outcome.refusal)


async def expect_error(doing: Awaitable[object], kind: type[DomainError]) -> DomainError:
    """Return the refusal, which is exactly of this kind and says a whole sentence."""
    with pytest.raises(kind) as caught:
        await doing
    assert type(caught.value) is kind
    assert caught.value.message.endswith(".")
    return caught.value


def leaves_nothing(world: InstallWorld) -> bool:
    """Return whether no user token is valid at the provider."""
    return not (world.provider.state.grants or world.provider.state.installation_tokens)


async def connect(world: InstallWorld, account: str, installation_id: str) -> InstallResult:
    """Let Mara connect Acme to an installation."""
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    return await world.finish(world.mara, world.build_install_callback(sent, account, installation_id))


async def revoke(world: InstallWorld) -> None:
    """Let the only integration be revoked."""
    integration = world.integration()
    world.database.committed.integrations[integration.id] = integration.revoke(
        StatusReason.UNINSTALLED_ON_PROVIDER, at=world.clock.now()
    )


async def open_choice(world: InstallWorld) -> Choose:
    """Let Mara come to the page where she chooses."""
    came = world.build_authorize_callback(await world.begin(world.mara, mode=InstallMode.EXISTING), MARA)
    outcome = await world.finish(world.mara, came)
    assert isinstance(outcome, Choose)
    return outcome


async def request_installation(world: InstallWorld, account: str = "9") -> None:
    """Let Mara ask an account's owner."""
    world.later(seconds=1)
    world.request(MARA, account)
    sent = await world.begin(world.mara, mode=InstallMode.NEW)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, MARA, None, "request"))
    if isinstance(outcome, ChooseRequest):
        outcome = await world.choose(world.mara, outcome.state, account)
    assert isinstance(outcome, AwaitingApproval)
