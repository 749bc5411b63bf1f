"""Hours with GitHub in a moment: our application, our database and HTTP are real, the clock is the test's."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx

from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from adapters.postgres.connection.locks import PostgresExclusion
from adapters.postgres.stores.delivery_log import PostgresDeliveryLog
from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.application import Application
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, Role, User
from core.domain.secret import Secret
from core.domain.streams.domain_event import RecordedEvent
from core.use_cases.tokens.token_refresher import Pause
from entrypoints.bootstrap.ports import Ports
from entrypoints.bootstrap.wiring import wire
from entrypoints.rest.app import RestParts, create_app
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from entrypoints.worker.scheduler import schedules
from sandbox.faults import Fault
from testing.builders.entities import PROVIDER
from testing.memory.clock import SettableClock
from testing.memory.metrics import MemoryMetrics
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.builders import tokens
from tests.support.builders.webhooks import protocol
from tests.support.scenarios.ports import build_ports
from tests.support.scenarios.processing import AlertBook
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD
from tests.support.servers.sandbox import INSTALLATION, RunningSandbox, run_sandbox


@dataclass
class Hours:
    """An organization connected to a sandbox GitHub, what the scheduler does for it, and a client of REST."""

    sandbox: RunningSandbox
    world: PostgresStoreStage
    clock: SettableClock
    alerts: AlertBook
    application: Application
    client: httpx.AsyncClient
    organization: Organization
    user: User
    integration: Integration
    repo_id: str = "700000001"

    async def go_by(self, *, seconds: int, step: int = 15) -> Counter[int]:
        """Let time go by with everything that happens by the clock, at its pace but never within a step.

        At each step the repositories and the branches of one are listed, and the statuses counted.
        """
        statuses: Counter[int] = Counter()
        for second in range(step, seconds + 1, step):
            self.clock.advance(timedelta(seconds=step))
            for schedule in schedules(self.application):
                if second % max(schedule.every, step) == 0:
                    await schedule.action()
            for path in ("/repos", f"/repos/{self.repo_id}/branches"):
                statuses[(await self.get(path)).status_code] += 1
        return statuses

    async def get(self, path: str) -> httpx.Response:
        """Ask for something of the integration."""
        return await self.ask("GET", path)

    async def ask(self, method: str, path: str) -> httpx.Response:
        """Ask as the organization's owner."""
        claims = tokens.claims(self.clock.now(), sub=str(self.user.external_id))
        return await self.client.request(
            method,
            f"/api/v1/{self.organization.external_id}/git-integrations/{PROVIDER}{path}",
            headers={"authorization": f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"},
        )

    def fault(self, *faults: Fault) -> None:
        """Let these be in force, and no others."""
        self.sandbox.sandbox.faults.active = list(faults)

    async def now(self) -> Integration:
        """Return the integration as it is now."""
        async with self.world.unit_of_work() as tx:
            found = await tx.integrations.find(self.organization.id, PROVIDER)
        assert found is not None
        return found

    async def status_steps(self) -> list[object]:
        """Return from what to what the trail says its status went, past its making."""
        async with self.world.unit_of_work() as tx:
            versions = await tx.versions.list_by_item("integration", str(self.integration.external_id))
        steps = [version.changes.get("status") for version in versions if version.event != "created"]
        return [step for step in steps if step is not None]

    async def list_domain_events(self) -> list[RecordedEvent]:
        """Return the published events."""
        async with self.world.unit_of_work() as tx:
            return list(await tx.domain_events.list_after(0, limit=1000))


@asynccontextmanager
async def hours(database_url: str) -> AsyncIterator[Hours]:
    """Connect an organization with the sandbox's installation."""
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(run_sandbox())
        world = PostgresStoreStage(database_url)
        stack.push_async_callback(world.database.close)
        clock = SettableClock(sandbox.sandbox.now())
        sandbox.sandbox.clock = clock.now
        alerts = AlertBook()
        application = wire(_ports(stack, sandbox, world, clock, alerts))
        organization, user = await world.add_organization(), await world.add_user()
        await world.add_member(user, organization, Role.OWNER)
        integration = await world.add_integration(organization, provider_id=str(INSTALLATION))
        verifier = JwtVerifier(
            PinnedKey(tokens.public_pem(tokens.rsa_key())), clock, issuer=tokens.ISSUER, audience=tokens.AUDIENCE
        )
        parts = RestParts(
            authentication=Authentication(verifier, application.account.identify, COOKIE, {DASHBOARD}),
            webhooks=WebhookEndpoint(
                {},
                application.deliveries.receive,
                MemoryMetrics(),
                find_source_secrets=application.deliveries.find_source_secrets,
            ),
            readiness={},
            exposition=lambda: b"",
            alerts=alerts,
        )
        transport = httpx.ASGITransport(create_app(application, parts))
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=API))
        yield Hours(sandbox, world, clock, alerts, application, client, organization, user, integration)


def _ports(
    stack: AsyncExitStack, sandbox: RunningSandbox, world: PostgresStoreStage, clock: SettableClock, alerts: AlertBook
) -> Ports:
    app = GitHubApp(
        client_id=sandbox.app.client_id,
        client_secret=Secret(sandbox.app.client_secret),
        private_key=Secret(sandbox.app.private_key),
        addresses=GitHubUrls(api=sandbox.api_url, web=sandbox.url),
    )
    provider = GitHubProvider(
        app, clock, monotonic=lambda: clock.now().timestamp(), sleep=_move_clock(clock), draw=lambda: 0.5
    )
    stack.push_async_callback(provider.close)
    metrics = MemoryMetrics()
    delivery_log = PostgresDeliveryLog(world.url, metrics=metrics)
    stack.push_async_callback(delivery_log.close)
    return build_ports(
        unit_of_work=world.unit_of_work,
        directory=world.directory,
        delivery_log=delivery_log,
        exclusion=PostgresExclusion(world.database),
        protocols={PROVIDER: protocol(sandbox.app.webhook_secret)},
        providers={PROVIDER: provider},
        clock=clock,
        metrics=metrics,
        alerts=alerts,
        pause=_move_clock(clock),
    )


def _move_clock(clock: SettableClock) -> Pause:
    """Return a way to wait that takes no time and moves the clock."""

    async def wait(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    return wait
