"""Every way in which a provider sends a browser back, or somebody says so."""

from dataclasses import replace

import pytest

from core.domain.flows.callback import ApprovalNotFound, AuthorizationDenied, Callback, CodeMissing, SetupAction
from core.domain.flows.flow import APPROVAL_LIFETIME, FlowStatus
from core.domain.integrations.integration import IntegrationStatus
from core.domain.provider_errors import AppRefused, CredentialRefused
from core.domain.secret import Secret
from core.domain.streams.domain_event import DomainEventType
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import AwaitingApproval, Choose, Connected, NoFlow
from tests.support.scenarios.install_results import leaves_nothing, onward, refusal
from tests.support.scenarios.install_world import ACME, CALLBACK, JONAS, MARA, OLGA, InstallWorld, build_return


async def test_connects_after_a_return_with_a_code(world: InstallWorld) -> None:
    """With all its effects in one transaction."""
    sent = await world.begin(world.mara)
    assert sent.is_for_installing
    assert sent.query.keys() == {"state"}
    outcome = await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME))
    assert outcome == Connected("/settings")
    integration = world.integration()
    assert (integration.provider_id, integration.provider_name) == (ACME, "acme")
    assert integration.status is IntegrationStatus.ACTIVE
    assert integration.sync_requested_at == world.clock.now()
    assert world.flow().status is FlowStatus.COMPLETED
    state = world.database.committed
    [version] = state.versions.values()
    assert (version.event, version.actor, version.request_id) == ("created", world.mara.person.name, "request-1")
    [(fact, _)] = state.domain_events.values()
    assert fact.type is DomainEventType.INTEGRATION_ACTIVATED
    assert world.bell.notified_lanes
    assert leaves_nothing(world)


@pytest.mark.parametrize("action", ["install", "update"])
async def test_return_without_a_code_needs_authorization(world: InstallWorld, action: str) -> None:
    """With PKCE; the installation is stored as a hint, not as a proof."""
    sent = await world.begin(world.mara)
    came = build_return(sent, None, ACME, setup_action=action)
    authorizing = onward(await world.finish(world.mara, came))
    assert not authorizing.is_for_installing
    assert authorizing.query["redirect_uri"] == CALLBACK
    assert world.list_installations() == {}
    assert await world.finish(world.mara, world.build_authorize_callback(authorizing, OLGA)) == Connected("/settings")
    assert world.list_installations() == {"Acme": ACME}


@pytest.mark.parametrize("with_code", [True, False])
async def test_waits_for_an_owner(world: InstallWorld, *, with_code: bool) -> None:
    """With the ids of requester and account, which come from the provider."""
    world.request(JONAS, "900")
    world.request(MARA, "9")
    sent = await world.begin(world.mara)
    came = world.build_install_callback(sent, MARA, None, "request")
    if not with_code:
        authorizing = onward(await world.finish(world.mara, replace(came, code=None)))
        came = world.build_authorize_callback(authorizing, MARA)
    assert await world.finish(world.mara, came) == AwaitingApproval("acme", "/settings")
    flow = world.flow()
    assert (flow.status, flow.provider_user_id, flow.account_id) == (FlowStatus.AWAITING_APPROVAL, MARA, "9")
    assert flow.expires_at == world.clock.now() + APPROVAL_LIFETIME
    # A second look says the same, and changes nothing.
    assert await world.finish(world.mara, came) == AwaitingApproval(None, "/settings")
    assert leaves_nothing(world)


async def test_waits_for_a_request_that_is_not_listed_yet(world: InstallWorld) -> None:
    """The page says so, and checks again later."""
    world.request(JONAS, "9")
    sent = await world.begin(world.mara)
    outcome = await world.finish(world.mara, world.build_install_callback(sent, MARA, None, "request"))
    assert refusal(outcome) is ApprovalNotFound
    world.request(MARA, "9")
    came = world.build_authorize_callback(onward(outcome), MARA)
    assert await world.finish(world.mara, came) == AwaitingApproval("acme", "/settings")


@pytest.mark.parametrize("action", [None, *SetupAction])
async def test_returns_without_a_flow_connect_nothing(world: InstallWorld, action: SetupAction | None) -> None:
    """After an approval, a save or an installation at the provider."""
    came = Callback(None, world.provider.state.authorize(OLGA), ACME, action)
    assert await world.finish(world.mara, came) == NoFlow(action, [world.acme])
    assert not world.provider.calls
    assert not world.database.committed.integrations


async def test_denied_flow_can_continue(world: InstallWorld) -> None:
    """The provider is not called."""
    sent = await world.begin(world.mara, mode=InstallMode.EXISTING)
    outcome = await world.finish(world.mara, build_return(sent, error="access_denied"))
    assert refusal(outcome) is AuthorizationDenied
    assert not world.provider.calls
    assert isinstance(await world.finish(world.mara, world.build_authorize_callback(onward(outcome), MARA)), Choose)


async def test_another_error_than_access_denied_concerns_the_app(world: InstallWorld) -> None:
    sent = await world.begin(world.mara, mode=InstallMode.EXISTING)
    outcome = await world.finish(world.mara, build_return(sent, error="application_suspended"))
    assert refusal(outcome) is AppRefused
    assert not world.provider.calls


async def test_missing_or_invalid_code_identifies_no_user(world: InstallWorld) -> None:
    sent = await world.begin(world.mara, mode=InstallMode.EXISTING)
    outcome = await world.finish(world.mara, build_return(sent))
    assert refusal(outcome) is CodeMissing
    outcome = await world.finish(world.mara, build_return(onward(outcome), Secret("worthless")))
    assert refusal(outcome) is CredentialRefused
    # A code that another site requested, without this flow's verifier.
    outcome = await world.finish(world.mara, build_return(onward(outcome), world.provider.state.authorize(OLGA)))
    assert refusal(outcome) is CredentialRefused
    assert world.list_installations() == {}


@pytest.mark.parametrize(
    "return_to",
    [
        None,
        "",
        "evil",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "/path\\evil",
        "https://evil.example",
        "javascript:alert(1)",
        "\t//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/caf\u00e9",
    ],
)
async def test_redirects_only_to_local_paths(world: InstallWorld, return_to: str | None) -> None:
    """Any other value leads to the start of the dashboard."""
    sent = await world.begin(world.mara, return_to=return_to)
    assert await world.finish(world.mara, world.build_install_callback(sent, OLGA, ACME)) == Connected("/")
