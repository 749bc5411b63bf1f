"""Connecting one's own account: every way back from the provider, and what is kept of it."""

import asyncio
from dataclasses import replace

import pytest

from core.domain.connections import (
    ConnectionStatus,
    EmailPermissionMissing,
    OtherAccountConnected,
    ProviderAccountTaken,
)
from core.domain.errors import DomainError
from core.domain.flows.callback import AuthorizationDenied, Callback, CodeMissing
from core.domain.flows.flow import LIFETIME, FlowExpired, FlowInvalid, FlowStatus, FlowUsed
from core.domain.provider_errors import AppRefused, CredentialRefused, ProviderUnavailable
from core.domain.secret import Secret
from core.use_cases.tokens.encryption import decrypt_access_token, decrypt_refresh_token
from testing.builders.entities import PROVIDER, build_change
from tests.support.scenarios.connect_world import (
    CALLBACK,
    JONASS,
    MARAS,
    ConnectingWorld,
    expect_rejection,
    has_no_connection,
)


@pytest.fixture
async def world() -> ConnectingWorld:
    """Give two people and a provider."""
    world = ConnectingWorld()
    await world.populate()
    return world


async def test_connecting_stores_the_identity(world: ConnectingWorld) -> None:
    """Id, login and addresses; tokens are encrypted for their row; the version has the actor."""
    started = await world.begin(world.mara)
    assert started["redirect_uri"] == CALLBACK
    assert await world.finish(world.mara, world.authorize("7", started)) == "/settings"
    connection = await world.connection(world.mara)
    assert connection is not None
    assert (connection.provider_user_id, connection.provider_username) == ("7", "mara")
    assert (connection.status, connection.user_id) == (ConnectionStatus.ACTIVE, world.mara.person.user_id)
    assert await world.emails(connection) == ["m@home.example", "mara@acme.example"]
    async with world.unit_of_work() as tx:
        row = await tx.user_tokens.find(connection.id)
        [version] = await tx.versions.list_by_item("connection", str(connection.external_id))
    assert row is not None
    assert row.tokens is not None
    [grant] = world.provider.state.grants
    assert decrypt_access_token(world.cipher, connection.external_id, row.tokens).reveal() == grant.access
    refresh = decrypt_refresh_token(world.cipher, connection.external_id, row.tokens)
    assert refresh is not None
    assert refresh.reveal() == grant.refresh
    assert (version.event, version.actor) == ("created", world.mara.person.name)
    assert version.request_id == "request-1"
    assert {flow.status for flow in world.database.committed.flows.values()} == {FlowStatus.COMPLETED}


@pytest.mark.parametrize("return_to", ["https://evil.example", "//evil.example", "/\\evil.example", "x", None])
async def test_returns_only_to_local_paths(world: ConnectingWorld, return_to: str | None) -> None:
    """Other values lead to the start of the dashboard."""
    started = await world.begin(world.mara, return_to)
    assert await world.finish(world.mara, world.authorize("7", started)) == "/"


async def test_two_tabs_have_separate_flows(world: ConnectingWorld) -> None:
    """Each has its own cookie and state, and both can finish in any order."""
    one, two = await world.begin(world.mara, "/one"), await world.begin(world.mara, "/two")
    assert await world.finish(world.mara, world.authorize("7", two)) == "/two"
    assert await world.finish(world.mara, world.authorize("7", one)) == "/one"
    assert len(world.database.committed.connections) == 1


async def test_returning_needs_no_session(world: ConnectingWorld) -> None:
    """State and cookie prove the flow."""
    started = await world.begin(world.mara)
    world.mara.is_signed_in = False
    assert await world.finish(world.mara, world.authorize("7", started)) == "/settings"


async def test_foreign_return_changes_nothing(world: ConnectingWorld) -> None:
    """An unknown state, another browser or another user is rejected, and the flow continues."""
    started = await world.begin(world.mara)
    returned = world.authorize("7", started)
    for browser, other in (
        (world.mara, replace(returned, state="guessed")),
        (world.mara, replace(returned, state=None)),
        (world.jonas, returned),
        (replace(world.mara, cookies={}), returned),
        (replace(world.mara, cookies=dict.fromkeys(world.mara.cookies, "forged")), returned),
        (replace(world.jonas, cookies=world.mara.cookies), returned),
    ):
        await expect_rejection(world, browser, other, FlowInvalid)
    assert await world.finish(world.mara, returned) == "/settings"


async def test_return_works_once(world: ConnectingWorld) -> None:
    """A replay is rejected as used."""
    returned = world.authorize("7", await world.begin(world.mara))
    await world.finish(world.mara, returned)
    await expect_rejection(world, world.mara, returned, FlowUsed)
    denied = Callback(state=(await world.begin(world.mara))["state"], error="access_denied")
    await expect_rejection(world, world.mara, denied, AuthorizationDenied)
    await expect_rejection(world, world.mara, denied, FlowUsed)


async def test_two_concurrent_returns_connect_once(world: ConnectingWorld) -> None:
    """The second finds the flow in use."""
    returned = world.authorize("7", await world.begin(world.mara))
    results = await asyncio.gather(*(world.finish(world.mara, returned) for _ in range(5)), return_exceptions=True)
    assert [result for result in results if result == "/settings"] == ["/settings"]
    assert sum(isinstance(result, FlowUsed) for result in results) == 4


async def test_expired_flow_is_rejected(world: ConnectingWorld) -> None:
    """Its code is not used."""
    returned = world.authorize("7", await world.begin(world.mara))
    world.clock.advance(LIFETIME)
    await expect_rejection(world, world.mara, returned, FlowExpired)
    assert await has_no_connection(world)


@pytest.mark.parametrize(
    ("error", "kind"), [("access_denied", AuthorizationDenied), ("application_suspended", AppRefused)]
)
async def test_distinguishes_errors_of_the_provider(
    world: ConnectingWorld, error: str, kind: type[DomainError]
) -> None:
    """Denied by the user, or rejected app."""
    started = await world.begin(world.mara)
    await expect_rejection(world, world.mara, Callback(state=started["state"], error=error), kind)
    assert await has_no_connection(world)


async def test_return_without_a_code_is_rejected(world: ConnectingWorld) -> None:
    started = await world.begin(world.mara)
    await expect_rejection(world, world.mara, Callback(state=started["state"]), CodeMissing)


async def test_code_of_another_flow_is_rejected(world: ConnectingWorld) -> None:
    """PKCE: the code belongs to the challenge of its flow."""
    mine, other = await world.begin(world.mara), await world.begin(world.jonas)
    stolen = world.authorize("8", other)
    await expect_rejection(world, world.mara, replace(stolen, state=mine["state"]), CredentialRefused)
    wrong = Callback(state=(await world.begin(world.mara))["state"], code=Secret("invented"))
    await expect_rejection(world, world.mara, wrong, CredentialRefused)
    assert await has_no_connection(world)


@pytest.mark.parametrize("call", ["exchange_code", "get_person", "list_verified_emails"])
async def test_reports_a_silent_provider(world: ConnectingWorld, call: str) -> None:
    """Nothing is connected, and issued tokens are revoked later."""
    returned = world.authorize("7", await world.begin(world.mara))
    world.provider.fail(call, ProviderUnavailable("The provider does not respond. Try again later.", retry_after=5.0))
    await expect_rejection(world, world.mara, returned, ProviderUnavailable)
    assert await has_no_connection(world)


async def test_rejected_client_secret_sends_one_alert(world: ConnectingWorld) -> None:
    """For all returns together; no user is affected."""
    for _ in range(2):
        returned = world.authorize("7", await world.begin(world.mara))
        world.provider.fail("exchange_code", AppRefused("The client secret is not accepted."))
        await expect_rejection(world, world.mara, returned, AppRefused)
    assert world.alerts.codes == ["app_refused"]
    await world.connect(world.mara, "7")
    assert world.alerts.codes == ["app_refused"]


async def test_missing_address_permission_is_reported(world: ConnectingWorld) -> None:
    """With the remedy, since commits could not be attributed."""
    world.provider.state.people[MARAS].emails = None
    await expect_rejection(
        world, world.mara, world.authorize("7", await world.begin(world.mara)), EmailPermissionMissing
    )
    assert await has_no_connection(world)


async def test_account_belongs_to_one_user(world: ConnectingWorld) -> None:
    """A second user is rejected without its name, and revokes no token of the first."""
    await world.connect(world.mara, "7")
    error = await expect_rejection(
        world, world.jonas, world.authorize("7", await world.begin(world.jonas)), ProviderAccountTaken
    )
    assert "mara" not in error.message
    assert await world.people.revoke_tokens() == 1
    assert len(world.provider.state.grants) == 1
    assert await world.connection(world.jonas) is None


async def test_one_of_two_users_gets_the_account(world: ConnectingWorld) -> None:
    """In any order."""
    returns = [(one, world.authorize("7", await world.begin(one))) for one in (world.mara, world.jonas)]
    results = await asyncio.gather(*(world.finish(*one) for one in returns), return_exceptions=True)
    assert sorted(map(type, results), key=str) == sorted([str, ProviderAccountTaken], key=str)


async def test_reconnecting_restores_the_connection(world: ConnectingWorld) -> None:
    """Login, addresses and status are updated in the same connection."""
    first = await world.connect(world.mara, "7")
    async with world.unit_of_work() as tx:
        await tx.connections.apply([build_change(first, first.mark_reconnect_required("refresh_token_refused"))])
        await tx.commit()
    person = world.provider.state.people[MARAS]
    person.facts, person.emails = replace(person.facts, login="mara-new"), ["new@acme.example"]
    again = await world.connect(world.mara, "7")
    assert (again.id, again.status, again.status_reason) == (first.id, ConnectionStatus.ACTIVE, None)
    assert again.provider_username == "mara-new"
    assert await world.emails(again) == ["new@acme.example"]


async def test_another_account_needs_a_disconnect_first(world: ConnectingWorld) -> None:
    """A browser with another session must not replace an account."""
    await world.connect(world.mara, "7")
    error = await expect_rejection(
        world, world.mara, world.authorize("8", await world.begin(world.mara)), OtherAccountConnected
    )
    assert "mara" in error.message
    await world.people.disconnect(world.mara.person, provider=PROVIDER)
    assert (await world.connect(world.mara, "8")).provider_user_id == "8"


async def test_revoked_connection_can_be_replaced(world: ConnectingWorld) -> None:
    """By another account."""
    first = await world.connect(world.mara, "7")
    async with world.unit_of_work() as tx:
        revoked = replace(first, status=ConnectionStatus.REVOKED, status_reason="withdrawn")
        await tx.connections.apply([build_change(first, revoked)])
        await tx.commit()
    second = await world.connect(world.mara, "8")
    assert (second.id, second.provider_user_id, second.status) == (first.id, "8", ConnectionStatus.ACTIVE)


async def test_address_moves_with_its_account(world: ConnectingWorld) -> None:
    """A verified address belongs to one connection."""
    mara = await world.connect(world.mara, "7")
    world.provider.state.people[JONASS].emails = ["m@home.example"]
    jonas = await world.connect(world.jonas, "8")
    assert (await world.emails(mara), await world.emails(jonas)) == (["mara@acme.example"], ["m@home.example"])
