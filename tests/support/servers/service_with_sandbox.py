"""The service's own processes at a sandbox GitHub that runs in the test, so that the test sees all of it."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx

from entrypoints.development.tokens import TokenSigner
from entrypoints.settings.setting import PREFIX
from sandbox.faults import Fault
from sandbox.state.deliveries import Delivery
from sandbox.state.sandbox_app import app_environment
from sandbox.state.seed import update_app
from tests.support.builders.tokens import AUDIENCE, ISSUER, private_pem, rsa_key
from tests.support.checks.secrecy import Overheard, Secrets
from tests.support.conditions import until
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.fork_server import run_module
from tests.support.servers.sandbox import RunningSandbox, run_sandbox
from tests.support.servers.service import Service, run_service


@dataclass(frozen=True, slots=True)
class ServiceAtSandbox:
    """Both, and the webhook events. Waiting happens in a thread, because the sandbox serves in this loop."""

    service: Service
    sandbox: RunningSandbox
    event_store: EventStore

    async def start(self, *names: str) -> None:
        """Start these processes and return when they serve."""
        await asyncio.to_thread(self.service.start, *names)

    async def stop(self) -> None:
        """Stop all of them."""
        await asyncio.to_thread(self.service.stop)

    async def until(self, condition: Callable[[], object], seconds: float = 20) -> None:
        """Wait for something the test can see."""

        async def holds() -> object:
            await asyncio.sleep(0.02)
            return await asyncio.to_thread(condition)

        await until(holds, seconds)

    async def wait(self, condition: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
        """Wait for something that is asked over the network: not more often than it can be answered."""

        async def holds() -> object:
            await asyncio.sleep(0.1)
            return await condition()

        await until(holds, seconds)

    def fault(self, *faults: Fault) -> None:
        """Let these faults be in force, and no others."""
        self.sandbox.sandbox.faults.active = list(faults)

    async def push(self, count: int, repository: str = "acme-rockets/launchpad") -> list[str]:
        """Let somebody push so often; return the deliveries' ids once each was tried."""
        response = await self.sandbox.control("POST", "/pushes", repository=repository, count=count)
        await self.sandbox.wait_for_deliveries()
        guids: list[str] = response["guids"]
        return guids

    def attempts(self) -> list[Delivery]:
        """List what the sandbox tried, the oldest first."""
        return list(self.sandbox.data.deliveries.values())

    def let_age(self, age: timedelta = timedelta(minutes=5)) -> None:
        """Let everything have been tried so much earlier: recovery leaves the young alone."""
        for delivery in self.attempts():
            delivery.delivered_at -= age

    @asynccontextmanager
    async def person(self, role: str = "owner") -> AsyncIterator[httpx.AsyncClient]:
        """Let someone with this role ask REST; paths are those below the organization."""
        organization, user = self.event_store.person(role)
        signer = TokenSigner(private_pem(rsa_key()), issuer=ISSUER, audience=AUDIENCE)
        async with httpx.AsyncClient(
            base_url=f"{self.service.url}/api/v1/{organization}",
            headers={"authorization": f"Bearer {signer.for_user(user)}"},
            trust_env=False,
            timeout=30,
        ) as client:
            yield client

    async def command(self, *arguments: str) -> Process:
        """Start a command of this service with its environment."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "entrypoints.cli.main", *arguments),
            env=self.service.environment,
            stdout=PIPE,
            stderr=PIPE,
        )

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command of the service; return its exit code and its output."""
        module = ("entrypoints.cli.main", *arguments)
        done = await asyncio.to_thread(run_module, *module, environment=self.service.environment)
        return done.returncode, done.stdout + done.stderr


@asynccontextmanager
async def service_at_sandbox(
    database_url: str,
    redis_url: str,
    *names: str,
    workers: int = 1,
    overheard_by: Secrets | None = None,
    **settings: str,
) -> AsyncIterator[ServiceAtSandbox]:
    """Run these processes as the sandbox's App, with further settings, for the length of the block.

    Where `overheard_by` is given, it learns every secret that comes to the sandbox or from it.
    """
    secrets = overheard_by or Secrets()
    async with run_sandbox(in_front=lambda app: Overheard(app, secrets)) as sandbox:
        app = app_environment(sandbox.app, sandbox_url=sandbox.url)
        wanted = {name.removeprefix(PREFIX): value for name, value in app.items()}
        with (
            run_service(database_url, redis_url, workers=workers, settings={**wanted, **settings}) as service,
            open_events(database_url) as event_store,
        ):
            update_app(sandbox.data, sandbox.app, service_url=service.url)
            both = ServiceAtSandbox(service, sandbox, event_store)
            try:
                await both.start(*names)
                yield both
            finally:
                await both.stop()
