"""People who connect organizations in one test: tables in memory, a provider with rules, browsers."""

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from adapters.secrets.cipher import AesGcmCipher
from core.application import Install
from core.domain.actors import UserActor
from core.domain.flows.callback import Callback, SetupAction
from core.domain.flows.flow import Flow
from core.domain.identifiers import AccountId, ProviderUserId, RepoId
from core.domain.install.installations import InstallationRequest
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, Role
from core.domain.secret import Secret
from core.use_cases.deliveries.drain_lane import DrainLane
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.install.begin_install import InstallMode
from core.use_cases.install.results import InstallResult
from entrypoints.bootstrap.wiring import wire
from testing.builders.entities import PROVIDER, now
from testing.memory.clock import SettableClock
from testing.memory.database import MemoryDatabase
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.metrics import MemoryMetrics
from testing.memory.provider import FakeProvider
from testing.memory.seed import seed_membership, seed_organization, seed_user
from testing.memory.unit_of_work import MemoryUnitOfWork
from tests.support.builders.webhooks import protocol, sign_headers
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.connect_world import PUBLIC_URL, Browser
from tests.support.scenarios.ports import build_ports
from tests.support.scenarios.processing import AlertBook, Bell, Meanwhile, WatchedUnitOfWork, payload
from tests.support.scenarios.token_world import KeptAlerts

CALLBACK = f"{PUBLIC_URL}/api/v1/git/{PROVIDER}/callback"

OLGA, MARA, JONAS = "6", "7", "8"
"""Their accounts at the provider."""
ACME, MARAS, EMPTY, WORKSHOP = "101", "102", "103", "104"
"""Installations: of an organization's account, of Mara's own, of one without repositories, of another."""
RIGHTFUL = {ACME: {OLGA}, MARAS: {MARA}, EMPTY: set[str](), WORKSHOP: {MARA}}
"""Who has proof of which, as long as no delivery says more."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What a browser carries to the provider's page."""

    url: str

    @property
    def query(self) -> dict[str, str]:
        """The page's query."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}

    @property
    def is_for_installing(self) -> bool:
        """Whether the page installs instead of authorizing."""
        return "/installations/new" in self.url


class InstallWorld:
    """Two organizations of crewkit, Acme and Zenith, that Mara and Jonas own, and the provider's accounts.

    Olga owns the account of the first installation. Mara administers one of its repositories and sees no
    other; Jonas sees the one.
    """

    acme: Organization
    zenith: Organization
    mara: Browser
    jonas: Browser

    def __init__(self) -> None:
        self.clock = SettableClock(now())
        self.database = MemoryDatabase(self.clock.now)
        self.unit_of_work = WatchedUnitOfWork(MemoryUnitOfWork(self.database))
        self.provider = FakeProvider(self.clock)
        self.cipher = AesGcmCipher([("k1", Secret(base64.b64encode(bytes(32)).decode()))])
        self.bell = Bell()
        self.protocol = protocol()
        self.meanwhile: Meanwhile | None = None
        self.alerts = KeptAlerts()
        self.installs = self._wire()
        self.receive = ReceiveDelivery(MemoryDeliveryLog(self.database), self.bell)
        self.drain_lane = DrainLane(
            self.unit_of_work, {PROVIDER: self.protocol}, self.bell, self.clock, MemoryMetrics(), AlertBook()
        )
        there = self.provider.state
        there.register(OLGA, login="olga", administers=[RepoId("1"), RepoId("2")])
        there.register(MARA, login="mara", sees=[RepoId("1"), RepoId("3")], administers=[RepoId("1"), RepoId("3")])
        there.register(JONAS, login="jonas", sees=[RepoId("1")])
        there.install(ACME, facts("1"), facts("2"))
        there.install(MARAS, account_id=MARA, login="mara", account_type="User")
        there.install(EMPTY, account_id="10", login="empty")
        there.install(WORKSHOP, facts("3"), account_id="11", login="workshop")

    def _wire(self) -> Install:
        ports = build_ports(
            self.database,
            unit_of_work=self.unit_of_work,
            providers={PROVIDER: self.provider},
            protocols={PROVIDER: self.protocol},
            cipher=self.cipher,
            worker_notifier=self.bell,
            clock=self.clock,
            alerts=self.alerts,
            public_url=PUBLIC_URL,
            pause=self._pause,
        )
        return wire(ports).install

    async def populate(self) -> None:
        """Let people and organizations have accounts with crewkit."""
        self.acme, self.zenith = [
            await seed_organization(self.database, uuid4(), name=name) for name in ("Acme", "Zenith")
        ]
        self.mara, self.jonas = [await self._owner(one) for one in (self.acme, self.zenith)]

    async def _owner(self, organization: Organization) -> Browser:
        user = await seed_user(self.database, uuid4(), email=f"owner@{organization.name.lower()}.example")
        await seed_membership(self.database, user.id, organization.id, role=Role.OWNER)
        return Browser(UserActor(user.id, user.external_id, "request-1"))

    async def role(self, browser: Browser, role: Role) -> None:
        """Give Acme's person another role."""
        await seed_membership(self.database, browser.person.user_id, self.acme.id, role=role)

    async def begin(
        self,
        browser: Browser,
        organization: Organization | None = None,
        *,
        mode: InstallMode | None = None,
        return_to: str | None = "/settings",
    ) -> Sent:
        """Send a browser to the provider."""
        begun = await self.installs.begin(
            browser.person,
            organization_id=(organization or self.acme).external_id,
            provider=PROVIDER,
            return_to=return_to,
            mode=mode,
        )
        browser.cookies[begun.flow_id] = begun.cookie
        return Sent(begun.url)

    def build_install_callback(
        self, sent: Sent, account: str, installation_id: str | None, setup_action: str = "install"
    ) -> Callback:
        """Return the callback of the page to install for the user who is signed in there."""
        return build_return(sent, self.provider.state.authorize(account), installation_id, setup_action=setup_action)

    def build_authorize_callback(self, sent: Sent, account: str) -> Callback:
        """Return what the page for authorizing sends along."""
        query = sent.query
        code = self.provider.state.authorize(
            account, redirect_uri=query["redirect_uri"], code_challenge=query["code_challenge"]
        )
        return build_return(sent, code)

    async def finish(self, browser: Browser, came_with: Callback) -> InstallResult:
        """Let a browser come back."""
        return await self.installs.finish(
            PROVIDER,
            came_with,
            cookies=browser.cookies.get,
            flow_ids=browser.cookies,
            session=browser.session,
            request_id="request-1",
        )

    async def choose(
        self, browser: Browser, state: str, installation_id: str, *, page: int | None = None
    ) -> InstallResult:
        """Let a browser post its choice."""
        return await self.installs.finish.choose(
            PROVIDER, state, installation_id, page=page, cookies=browser.cookies.get, session=browser.session
        )

    async def announce(
        self, provider_id: str, *, sender: str, requester: str | None = None, account: str | None = None
    ) -> None:
        """Deliver the signed `installation.created` of an installation."""
        content = payload("installation/created-on-request")
        installed = self.provider.state.installations[provider_id]
        content["installation"]["id"] = int(provider_id)
        content["installation"]["updated_at"] = self.clock.now().isoformat()
        content["installation"]["account"]["id"] = int(account or installed.facts.account_id)
        content["installation"]["target_id"] = content["installation"]["account"]["id"]
        content["sender"]["id"] = int(sender)
        content["repositories"] = []
        content["requester"] = None if requester is None else {**content["sender"], "id": int(requester)}
        body = _encode(content)
        await self.receive(self.protocol.verify(sign_headers(body, b"installation", str(uuid4()).encode()), body))

    def request(self, requester: str, account: str) -> None:
        """Let someone ask an account's owner to approve our app."""
        self.provider.state.requests.append(
            InstallationRequest(ProviderUserId(requester), AccountId(account), "acme", self.clock.now())
        )

    async def drain(self) -> None:
        """Process everything that is due."""
        for lane in range(32):
            await self.drain_lane(lane)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**by))

    def list_installations(self) -> dict[str, str]:
        """Return which live installation each organization has, by its name."""
        state = self.database.committed
        return {
            state.organizations[one.organization_id].name: one.provider_id
            for one in state.integrations.values()
            if not one.is_revoked
        }

    def integration(self) -> Integration:
        """Return the only integration there is."""
        [found] = self.database.committed.integrations.values()
        return found

    def flow(self) -> Flow:
        """Return the newest flow."""
        return max(self.database.committed.flows.items())[1]

    async def _pause(self, _seconds: float) -> None:
        if self.meanwhile is not None:
            await self.meanwhile()
        await asyncio.sleep(0)


def build_return(
    sent: Sent,
    code: Secret | None = None,
    installation_id: str | None = None,
    *,
    setup_action: str | None = None,
    error: str | None = None,
) -> Callback:
    """Return what a browser comes back with from this page."""
    return Callback(
        state=sent.query["state"],
        code=code,
        installation_id=installation_id,
        setup_action=None if setup_action is None else SetupAction(setup_action),
        error=error,
    )


def _encode(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()
