"""The API and a sandbox GitHub in the test's own loop, with people who go through both in browsers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import uvicorn

from core.application import Application
from core.domain.deliveries.source_key import LANES
from entrypoints.bootstrap.application import open_application
from entrypoints.bootstrap.rest import open_rest
from entrypoints.process.listeners import require_free_address
from entrypoints.rest.http.server_config import server_config
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import Settings
from entrypoints.settings.values import Address
from local.demo import DemoFacts, seed
from local.keys import development_environment
from sandbox.state.sandbox_app import app_environment
from sandbox.state.seed import update_app
from tests.support.builders.tokens import private_pem, rsa_key
from tests.support.servers.asgi_server import run_server
from tests.support.servers.sandbox import RunningSandbox, run_sandbox
from tests.support.servers.servers import temporary_home

HTML = {"accept": "text/html"}
JSON = {"accept": "application/json"}
_PERMISSIONS = "/apps/crewkit/installations/new/permissions"


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the provider sends a browser, taken apart so that a test can change it."""

    path: str
    query: dict[str, str] = field(default_factory=dict)

    def but(self, **changes: str | None) -> "Landing":
        """Return it with these parameters changed; None leaves one out."""
        changed = {**self.query, **changes}
        return Landing(self.path, {name: value for name, value in changed.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Browser:
    """Someone's browser: signed in here as one of the demo's people, and at the sandbox under a login."""

    site: "Site"
    here: httpx.AsyncClient
    there: httpx.AsyncClient

    async def begin(self, organization: str, **wishes: str) -> str:
        """Begin to connect an organization; return the provider's page that the browser is sent to."""
        query = {"organization_id": organization, **wishes}
        own = {**HTML, "sec-fetch-site": "same-origin"}
        answer = await self.here.get("/api/v1/git/github/install", params=query, headers=own)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    async def install(self, page: str, account: str, **form: object) -> Landing:
        """Press the button of the page that installs the app on an account, or asks to."""
        state = parse_qs(urlsplit(page).query)["state"][0]
        wanted = {"account": account, "selection": "all", "state": state, **form}
        return landing_of(await self.there.post(_PERMISSIONS, data=wanted))

    async def authorize(self, page: str, decision: str = "authorize") -> Landing:
        """Authorize the app on the provider's page, or deny that."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        path = urlsplit(page).path
        return landing_of(await self.there.post(path, data={**query, "decision": decision}))

    async def arrive(self, at: Landing, accept: dict[str, str] | None = None) -> httpx.Response:
        """Come back here."""
        return await self.here.get(at.path, params=at.query, headers=accept or JSON)


@dataclass(frozen=True, slots=True)
class Site:
    """The service and its GitHub."""

    url: str
    settings: Settings
    application: Application
    sandbox: RunningSandbox
    facts: DemoFacts

    @property
    def acme(self) -> str:
        """The demo's organization, which is connected."""
        return self.facts.organization["id"]

    @property
    def orbital(self) -> str:
        """The second one, which is not, and which `outsider` owns."""
        return self.facts.second_organization["id"]

    @asynccontextmanager
    async def browser(self, person: str, login: str, **headers: str) -> AsyncIterator[Browser]:
        """Open a browser of a person here who has this login there."""
        token = self.facts.users[person]["token"] if person in self.facts.users else None
        own = {"authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx.AsyncClient(base_url=self.url, headers={**own, **headers}, trust_env=False, verify=False) as here,
            self.sandbox.browser(login) as there,
        ):
            yield Browser(self, here, there)

    async def show(self, organization: str, person: str) -> dict[str, Any]:
        """Return how an organization stands with GitHub."""
        answer = await self.ask("GET", f"/{organization}/git-integrations/github", person)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def ask(self, method: str, path: str, person: str, **request: Any) -> httpx.Response:
        """Ask REST as one of the demo's people."""
        headers = {"authorization": f"Bearer {self.facts.users[person]['token']}"}
        async with httpx.AsyncClient(
            base_url=f"{self.url}/api/v1", headers=headers, trust_env=False, verify=False
        ) as client:
            return await client.request(method, path, **request)

    async def settle(self) -> None:
        """Let everything emitted be delivered and processed, and every catalog be synced that is due."""
        await self.sandbox.wait_for_deliveries()
        for _ in range(2):
            for lane in range(LANES):
                await self.application.deliveries.drain_lane(lane)
        await self.application.integrations.confirm_deletions()
        await self.application.catalog.sync_due()

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Look into the database, or change it."""
        assert self.settings.database_url is not None
        with psycopg.connect(self.settings.database_url.reveal(), autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters)
            return cursor.fetchall() if cursor.description else []


def landing_of(answer: httpx.Response) -> Landing:
    """Return where the browser is sent."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return Landing(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})


@asynccontextmanager
async def install_site(database_url: str, redis_url: str) -> AsyncIterator[Site]:
    """Serve both on a migrated database with the demo's data."""
    with temporary_home() as home:
        address = require_free_address(Address("127.0.0.1", 0), "the address")
        async with run_sandbox() as sandbox:
            given = {
                **app_environment(sandbox.app, sandbox_url=sandbox.url),
                f"{PREFIX}ENVIRONMENT": "development",
                f"{PREFIX}HOME": str(home.path),
                f"{PREFIX}HTTP_ADDR": str(address),
                f"{PREFIX}DATABASE_URL": database_url,
                f"{PREFIX}REDIS_URL": redis_url,
            }
            # A key that is there is kept, and making one takes longer than many a test.
            keys = home.path / "dev-keys"
            keys.mkdir(mode=0o700)
            (keys / "auth_private.pem").write_bytes(private_pem(rsa_key()))
            settings = Settings.from_environment({**given, **development_environment(home.path, given)})
            facts = await asyncio.to_thread(seed, settings)
            async with open_application(settings) as application, open_rest(settings) as rest:
                url = f"http://{address}"
                update_app(sandbox.data, sandbox.app, service_url=url)

                def make(at: Address) -> uvicorn.Server:
                    return uvicorn.Server(server_config(rest.app, at))

                async with run_server(make, port=address.port):
                    yield Site(url, settings, application, sandbox, facts)
