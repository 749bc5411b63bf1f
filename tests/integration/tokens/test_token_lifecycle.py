"""Effects of GitHub's responses on stored tokens, integrations and connections."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import uuid4

import pytest

from adapters.github.api.limits import Limits, RetryPolicy
from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from adapters.secrets.cipher import AesGcmCipher
from adapters.system import SystemClock
from core.domain.audit import Change
from core.domain.connections import Connection, ReconnectRequired
from core.domain.identifiers import ProviderUserId
from core.domain.integrations.integration import Integration, IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.provider_errors import AppRefused, ProviderUnavailable
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess, InstallationToken
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.tokens.encryption import encrypt_installation_token, encrypt_user_tokens
from entrypoints.bootstrap.features import TokenSources, wire_token_sources
from sandbox.faults import Fault, FaultKind
from testing.builders.entities import BY, PROVIDER, time_ago
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.scenarios.ports import KEYS, build_ports
from tests.support.scenarios.token_world import KeptAlerts
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, RunningSandbox, run_sandbox

MINTING = f"/app/installations/{INSTALLATION}/access_tokens"
CIPHER = AesGcmCipher(KEYS)


@dataclass
class Stage:
    """A sandbox GitHub, a database, and one process of the service."""

    sandbox: RunningSandbox
    world: PostgresStoreStage
    provider: GitHubProvider
    alerts: KeptAlerts
    tokens: TokenSources

    def fault(self, *faults: Fault) -> None:
        """Let these go wrong, and nothing else."""
        self.sandbox.sandbox.faults.active = list(faults)

    async def integration(self) -> Integration:
        """Put in an integration whose stored token has ended."""
        integration = await self.world.add_integration(provider_id=str(INSTALLATION))
        ended = InstallationToken(Secret("ended"), time_ago(minutes=1), {})
        async with self.world.unit_of_work() as tx:
            sealed = encrypt_installation_token(CIPHER, integration.external_id, ended)
            await tx.installation_tokens.replace(integration.id, sealed)
            await tx.commit()
        return integration

    async def now(self, integration: Integration) -> Integration:
        """Return it as it is now."""
        async with self.world.unit_of_work() as tx:
            found = await tx.integrations.find(integration.organization_id, PROVIDER)
        assert found is not None
        return found

    async def repositories(self, token: Secret) -> int:
        """Count what a token opens."""
        access = InstallationAccess(str(INSTALLATION), token)
        return sum([len(page.repositories) async for page in self.provider.list_repository_pages(access)])


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """Set one up."""
    world, alerts, clock = PostgresStoreStage(database_url), KeptAlerts(), SystemClock()
    async with run_sandbox() as sandbox:
        app = GitHubApp(
            client_id=sandbox.app.client_id,
            client_secret=Secret(sandbox.app.client_secret),
            private_key=Secret(sandbox.app.private_key),
            addresses=GitHubUrls(api=sandbox.api_url, web=sandbox.url),
        )
        provider = GitHubProvider(app, clock, limits=Limits(retries=RetryPolicy(attempts=1)))
        ports = build_ports(
            unit_of_work=world.unit_of_work,
            providers={PROVIDER: provider},
            clock=clock,
            alerts=alerts,
            pause=lambda _: asyncio.sleep(0),
        )
        tokens = wire_token_sources(ports)
        yield Stage(sandbox, world, provider, alerts, tokens)
        await provider.close()
    await world.database.close()


async def test_replaces_an_expired_token(stage: Stage) -> None:
    """Minted at the sandbox, stored encrypted, and valid for the repositories."""
    integration = await stage.integration()
    token = await stage.tokens.installation(integration)
    assert await stage.repositories(token) > 0
    assert await stage.tokens.installation(integration) is token


async def test_responses_of_500_suspend_nothing(stage: Stage) -> None:
    """They are reported as an outage that ends with the next good response."""
    integration = await stage.integration()
    stage.fault(Fault(FaultKind.ERROR, status=500))
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            await stage.tokens.installation(integration)
    assert await stage.now(integration) == integration
    stage.fault()
    assert await stage.repositories(await stage.tokens.installation(integration)) > 0
    assert stage.alerts.codes == []


async def test_rejected_key_suspends_nothing(stage: Stage) -> None:
    """One alert for all callers."""
    integration = await stage.integration()
    stage.fault(Fault(FaultKind.KEY_REFUSED))
    for _ in range(3):
        with pytest.raises(AppRefused):
            await stage.tokens.installation(integration)
    assert await stage.now(integration) == integration
    assert stage.alerts.codes == ["app_refused"]


async def test_suspends_an_installation_after_three_errors(stage: Stage) -> None:
    """While GitHub accepts the app: one alert, and active again with the next token."""
    integration = await stage.integration()
    stage.fault(Fault(FaultKind.KEY_REFUSED, path=MINTING))
    for _ in range(2):
        with pytest.raises(IntegrationNotActive):
            await stage.tokens.installation(integration)
    suspended = await stage.now(integration)
    assert suspended.status_reason is StatusReason.TOKEN_REFUSED
    assert stage.alerts.codes == ["integration_suspended"]
    stage.fault()
    await stage.tokens.installation.probe(suspended)
    active = await stage.now(integration)
    assert active.status is IntegrationStatus.ACTIVE
    assert await stage.repositories(await stage.tokens.installation(active)) > 0
    assert stage.alerts.codes == ["integration_suspended"]


async def test_suspends_and_unsuspends_without_a_webhook(stage: Stage) -> None:
    integration = await stage.integration()
    await stage.sandbox.act(MARA, "suspend", installation=INSTALLATION)
    with pytest.raises(IntegrationNotActive):
        await stage.tokens.installation(integration)
    suspended = await stage.now(integration)
    assert suspended.status_reason is StatusReason.SUSPENDED_ON_PROVIDER
    await stage.sandbox.act(MARA, "unsuspend", installation=INSTALLATION)
    await stage.tokens.installation.probe(suspended)
    assert (await stage.now(integration)).status is IntegrationStatus.ACTIVE
    assert stage.alerts.codes == []


async def test_revokes_an_uninstalled_installation(stage: Stage) -> None:
    """Without probes, since a new installation has another id."""
    integration = await stage.integration()
    await stage.sandbox.act(MARA, "uninstall", installation=INSTALLATION)
    with pytest.raises(IntegrationNotActive):
        await stage.tokens.installation(integration)
    revoked = await stage.now(integration)
    assert (revoked.status, revoked.status_reason) == (IntegrationStatus.REVOKED, StatusReason.UNINSTALLED_ON_PROVIDER)


async def test_refreshes_a_user_token_once(stage: Stage) -> None:
    """Twenty concurrent callers get the same new token; the former is invalid."""
    connection = await _add_connection(stage)
    tokens = [await call for call in [asyncio.create_task(stage.tokens.user(connection)) for _ in range(20)]]
    assert len({token.reveal() for token in tokens}) == 1
    assert (await stage.provider.get_person(tokens[0])).login == JONAS
    again = await stage.tokens.user(connection, instead_of=tokens[0])
    assert (await stage.provider.get_person(again)).login == JONAS


async def test_user_who_revoked_must_connect_again(stage: Stage) -> None:
    """GitHub rejects the refresh token, and the row stores that."""
    connection = await _add_connection(stage)
    await stage.sandbox.act(JONAS, "revoke_authorization", app=stage.sandbox.app.slug)
    with pytest.raises(ReconnectRequired):
        await stage.tokens.user(connection)
    async with stage.world.unit_of_work() as tx:
        known = await tx.connections.find(connection.user_id, PROVIDER)
    assert known is not None
    assert known.status_reason == "refresh_token_refused"


async def _add_connection(stage: Stage) -> Connection:
    """Put in a connection of Jonas whose access token has ended."""
    access = stage.sandbox.user_token(JONAS)
    refresh = stage.sandbox.data.user_tokens[access].refresh_token
    user = await stage.world.add_user()
    async with stage.world.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId("7"),
            created_at=time_ago(days=1),
            updated_at=time_ago(days=1),
        )
        await tx.connections.apply([Change(None, connection, BY)])
        ended = UserTokens(Secret(access), time_ago(minutes=1), Secret(refresh), None)
        sealed = encrypt_user_tokens(CIPHER, connection.external_id, ended)
        await tx.user_tokens.replace(connection.id, sealed)
        await tx.commit()
    return connection
