"""People who connect their accounts in one test: tables in memory, a provider with rules, browsers."""

import base64
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from adapters.secrets.cipher import AesGcmCipher
from core.application import Connections
from core.domain.actors import Actor, UserActor
from core.domain.connections import Connection
from core.domain.errors import DomainError
from core.domain.flows.callback import Callback
from core.domain.identifiers import ProviderUserId, UserId
from core.domain.secret import Secret
from entrypoints.bootstrap.wiring import wire
from testing.builders.entities import PROVIDER, now
from testing.memory.clock import SettableClock
from testing.memory.database import MemoryDatabase
from testing.memory.provider import FakeProvider
from testing.memory.seed import seed_user
from testing.memory.unit_of_work import MemoryUnitOfWork
from tests.support.scenarios.ports import build_ports
from tests.support.scenarios.token_world import KeptAlerts

MARAS, JONASS = ProviderUserId("7"), ProviderUserId("8")
"""The numbers of their accounts."""

PUBLIC_URL = "https://git.crewkit.example"
CALLBACK = f"{PUBLIC_URL}/api/v1/user/git-connections/{PROVIDER}/callback"


@dataclass
class Browser:
    """One browser: the cookies it was given, and who is signed in to crewkit in it."""

    person: UserActor
    cookies: dict[UUID, str] = field(default_factory=dict)
    is_signed_in: bool = True

    @property
    def session(self) -> Actor | None:
        """Who is signed in."""
        return self.person if self.is_signed_in else None


class ConnectingWorld:
    """Two people of crewkit, Mara and Jonas, and the provider where Mara has account 7 and Jonas 8."""

    mara: Browser
    jonas: Browser

    def __init__(self) -> None:
        self.clock = SettableClock(now())
        self.database = MemoryDatabase(self.clock.now)
        self.unit_of_work = MemoryUnitOfWork(self.database)
        self.provider = FakeProvider(self.clock)
        self.provider.state.register("7", login="mara", emails=["Mara@Acme.example", "m@home.example"])
        self.provider.state.register("8", login="jonas", emails=["jonas@acme.example"])
        self.cipher = AesGcmCipher([("k1", Secret(base64.b64encode(bytes(32)).decode()))])
        self.alerts = KeptAlerts()
        self.people = self.process()

    def process(self) -> Connections:
        """Start a process; several share tables and provider, nothing else."""
        ports = build_ports(
            self.database,
            providers={PROVIDER: self.provider},
            cipher=self.cipher,
            clock=self.clock,
            alerts=self.alerts,
            public_url=PUBLIC_URL,
            pause=self._pause,
        )
        return wire(ports).connections

    async def populate(self) -> None:
        """Let them have accounts with crewkit."""
        self.mara, self.jonas = [
            Browser(UserActor(user.id, user.external_id))
            for user in [
                await seed_user(self.database, uuid4(), email=f"{name}@acme.example", name=name)
                for name in ("mara", "jonas")
            ]
        ]

    async def begin(self, browser: Browser, return_to: str | None = "/settings") -> dict[str, str]:
        """Send a browser to the provider, and return what it carries there."""
        begun = await self.people.begin(browser.person, provider=PROVIDER, return_to=return_to)
        browser.cookies[begun.flow_id] = begun.cookie
        return {name: values[0] for name, values in parse_qs(urlsplit(begun.url).query).items()}

    def authorize(self, account: str, query: dict[str, str]) -> Callback:
        """Authorize as the user who is signed in at the provider, and return the callback."""
        code = self.provider.state.authorize(
            account, redirect_uri=query["redirect_uri"], code_challenge=query["code_challenge"]
        )
        return Callback(state=query["state"], code=code)

    async def finish(self, browser: Browser, returned: Callback) -> str:
        """Return to the service with a browser, and return the path of its redirect."""
        return await self.people.finish(
            PROVIDER, returned, cookies=browser.cookies.get, session=browser.session, request_id="request-1"
        )

    async def connect(self, browser: Browser, account: str) -> Connection:
        """Connect an account as people do."""
        await self.finish(browser, self.authorize(account, await self.begin(browser)))
        found = await self.connection(browser)
        assert found is not None
        return found

    async def connection(self, browser: Browser) -> Connection | None:
        """Return a person's connection."""
        async with self.unit_of_work() as tx:
            return await tx.connections.find(UserId(browser.person.user_id), PROVIDER)

    async def emails(self, connection: Connection) -> list[str]:
        """Return the addresses kept."""
        async with self.unit_of_work() as tx:
            return list(await tx.connections.list_emails(connection.id))

    async def _pause(self, _seconds: float) -> None:
        pass


async def has_no_connection(world: ConnectingWorld) -> bool:
    """Return whether nothing is stored, and no issued token is valid after a run of the scheduler."""
    while await world.people.revoke_tokens():
        pass
    state = world.database.committed
    return not (state.connections or state.user_tokens or state.emails or world.provider.state.grants)


async def expect_rejection(
    world: ConnectingWorld, browser: Browser, returned: Callback, kind: type[DomainError]
) -> DomainError:
    """Return the refusal that a return meets."""
    with pytest.raises(kind) as caught:
        await world.finish(browser, returned)
    assert type(caught.value) is kind
    assert caught.value.message.endswith(".")
    return caught.value
