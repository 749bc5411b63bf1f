"""A sandbox GitHub on a loopback port, in the test's own event loop."""

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.types import ASGIApp

from entrypoints.settings.values import Address
from sandbox.payloads.links import Links
from sandbox.sandbox import Sandbox
from sandbox.server import sandbox_server
from sandbox.state.data import SandboxData
from sandbox.state.sandbox_app import SandboxApp, load_app
from sandbox.state.seed import create_data
from sandbox.user_tokens import create_tokens
from sandbox.web.session import COOKIE
from tests.support.servers.asgi_server import run_server

INSTALLATION = 41_000_001
ACME = 900_000_100
MARA = "mara-okafor-acme"
"""Owner of acme-rockets, member of orbital-works."""
JONAS = "jlindqvist-acme"
"""Member of both, administrator of the demo's repositories."""
PRIYA = "priya-raman-acme"
"""Member of acme-rockets."""
OONA = "oona-field-away"
"""Owner of orbital-works."""
PAD = "acme-rockets/launchpad"
"""The repository that the demo's pushes go to."""
NOBODY_LISTENS = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class RunningSandbox:
    """A sandbox that serves, its App's secrets, and its state to look into and change."""

    url: str
    app: SandboxApp
    sandbox: Sandbox
    client: httpx.AsyncClient
    """At the sandbox's address, following no redirect."""

    @property
    def api_url(self) -> str:
        """Where its REST API is."""
        return self.sandbox.links.api

    @property
    def data(self) -> SandboxData:
        """What it knows."""
        return self.sandbox.data

    def jwt(self, **claims: object) -> str:
        """Sign the App's JWT with these claims changed; None leaves one out."""
        now = int(self.sandbox.now().timestamp())
        whole = {"iat": now - 60, "exp": now + 540, "iss": self.app.client_id, **claims}
        kept = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(kept, _parse(self.app.private_key), algorithm="RS256")

    async def api(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
        patience: float = 10,
    ) -> httpx.Response:
        """Ask the API as the App, or with this token."""
        return await self.client.request(
            method,
            f"/api/v3{path}",
            json=json,
            content=content,
            headers={"authorization": f"Bearer {token or self.jwt()}", **headers},
            timeout=patience,
        )

    async def installation_token(self, installation_id: int = INSTALLATION, **narrowing: object) -> str:
        """Mint an installation's token."""
        path = f"/app/installations/{installation_id}/access_tokens"
        answer = await self.api("POST", path, json=narrowing)
        assert answer.status_code == 201, answer.text
        token: str = answer.json()["token"]
        return token

    def user_token(self, login: str) -> str:
        """Make a person's token, as if they had authorized the App."""
        account = self.data.account(login)
        assert account is not None
        self.data.grants.add((self.app.id, account.id))
        return create_tokens(self.sandbox, self.data.apps[self.app.id], account.id).token

    async def act(self, login: str, action: str, /, **arguments: object) -> dict[str, Any]:
        """Do something as a user, and return the result."""
        return await self.control("POST", f"/as/{login}/{action}", **arguments)

    async def control(self, method: str, path: str, /, **arguments: object) -> dict[str, Any]:
        """Ask the control API."""
        answer = await self.client.request(method, f"/_sandbox{path}", json=arguments)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def wait_for_deliveries(self) -> None:
        """Return when everything emitted so far was delivered or given up."""
        await self.sandbox.outbox.wait_until_sent()

    @asynccontextmanager
    async def browser(self, login: str) -> AsyncIterator[httpx.AsyncClient]:
        """Open a browser in which this person is signed in; it follows no redirect."""
        cookies = {COOKIE: login}
        async with httpx.AsyncClient(base_url=self.url, cookies=cookies, trust_env=False, verify=False) as browser:
            yield browser


@asynccontextmanager
async def run_sandbox(
    *,
    service_url: str = NOBODY_LISTENS,
    app: SandboxApp | None = None,
    in_front: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> AsyncIterator[RunningSandbox]:
    """Serve a new world; `service_url` is where its webhooks and browsers go.

    `in_front` gives an application to be put before the sandbox's.
    """
    app = app or sandbox_app()
    begin = partial(create_data, app, service_url=service_url)
    made: list[Sandbox] = []

    def make(address: Address) -> uvicorn.Server:
        made.append(Sandbox(Links(f"http://{address}"), begin, begin()))
        server = sandbox_server(made[0], address)
        server.config.app = in_front(server.config.app)  # type: ignore[arg-type]  # no name to import
        return server

    async with run_server(make):
        url = made[0].links.web
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client:
            yield RunningSandbox(url, app, made[0], client)


@cache
def sandbox_app() -> SandboxApp:
    """Make one App for all tests: its key takes a while."""
    with tempfile.TemporaryDirectory() as directory:
        return load_app(Path(directory))


@cache
def _parse(private_key: str) -> RSAPrivateKey:
    key = load_pem_private_key(private_key.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key
