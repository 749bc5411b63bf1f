"""The whole REST edge over the whole application, in process, on memory adapters."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.actors import UserActor
from core.domain.organizations import Organization, Role
from entrypoints.bootstrap.wiring import wire
from entrypoints.rest.app import RestParts, create_app
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.server_config import server_config
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from entrypoints.settings.values import Address
from testing.builders.entities import PROVIDER
from testing.memory.clock import SettableClock
from testing.memory.metrics import MemoryMetrics
from testing.memory.provider import FakeProvider
from testing.memory.store_stage import MemoryStoreStage
from tests.support.builders import tokens
from tests.support.builders.directories import FailingDirectory
from tests.support.scenarios.ports import build_ports
from tests.support.scenarios.processing import Bell
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD, KeptAlerts
from tests.support.servers.asgi_server import run_server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class WholeEdge:
    """An organization with a member of each role, another organization, and clients of everything."""

    organization: Organization
    other: Organization

    def __init__(self) -> None:
        self.world = MemoryStoreStage()
        self.directory = FailingDirectory(self.world.database)
        self.clock = SettableClock(NOW)
        self.provider = FakeProvider(self.clock)
        self.bell = Bell()
        self.people: dict[str, UserActor] = {}
        self.application = wire(
            build_ports(
                self.world.database,
                unit_of_work=self.world.unit_of_work,
                directory=self.directory,
                worker_notifier=self.bell,
                providers={PROVIDER: self.provider},
                clock=self.clock,
            )
        )
        key = PinnedKey(tokens.public_pem(tokens.rsa_key()))
        self.verifier = JwtVerifier(key, self.clock, issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
        self.parts = RestParts(
            authentication=Authentication(self.verifier, self.application.account.identify, COOKIE, {DASHBOARD}),
            webhooks=WebhookEndpoint(
                {},
                self.application.deliveries.receive,
                MemoryMetrics(),
                find_source_secrets=self.application.deliveries.find_source_secrets,
            ),
            readiness={},
            exposition=lambda: b"",
            alerts=KeptAlerts(),
        )

    async def populate(self) -> None:
        """Make the organization with its people, and another with an owner."""
        self.organization = await self.world.add_organization("Acme")
        self.other = await self.world.add_organization("Zenith")
        for role in Role:
            await self.join(role.value, self.organization, role)
        await self.join("outsider", self.other, Role.OWNER)

    async def join(self, name: str, organization: Organization, role: Role) -> UserActor:
        """Put in a member."""
        user = await self.world.add_user(f"{name}@acme.example")
        await self.world.add_member(user, organization, role)
        self.people[name] = UserActor(user.id, user.external_id)
        return self.people[name]

    def path(self, path: str, organization: Organization | None = None) -> str:
        """Return a path below an organization, by default the own one."""
        return f"/api/v1/{(organization or self.organization).external_id}{path}"

    def of(self, person: str) -> dict[str, str]:
        """Return the header of this person's token."""
        return self._bearer(sub=str(self.people[person].external_id))

    def service(self, *scopes: str, name: str = "reader") -> dict[str, str]:
        """Return the header of a service's token."""
        return self._bearer(sub=name, service=name, scope=" ".join(scopes))

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**by))

    @asynccontextmanager
    async def serve_http(self) -> AsyncIterator[str]:
        """Serve it as the API's process does, and give its address."""
        addresses: list[Address] = []

        def make(address: Address) -> uvicorn.Server:
            addresses.append(address)
            return uvicorn.Server(server_config(create_app(self.application, self.parts), address))

        async with run_server(make):
            yield f"http://{addresses[0]}"

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client."""
        transport = httpx.ASGITransport(create_app(self.application, self.parts))
        async with httpx.AsyncClient(transport=transport, base_url=API) as client:
            yield client

    def _bearer(self, **claims: Any) -> dict[str, str]:
        signed = tokens.sign_token(tokens.claims(self.clock.now(), **claims), tokens.rsa_key())
        return {"authorization": f"Bearer {signed}"}


Client = httpx.AsyncClient
Ask = Callable[[str], Awaitable[httpx.Response]]


def check_error(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the form of a refusal and give its body."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    return body
