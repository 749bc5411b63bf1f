"""The REST edge in process, on memory adapters, with a client that calls it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from adapters.github.protocol.webhooks import GitHubWebhooks
from adapters.oso_policy.authorizer import OsoAuthorizer
from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.application import Account, Application
from core.domain.secret import Secret
from core.use_cases.account import Identify, WhoAmI
from core.use_cases.authorization import AccessControl
from entrypoints.development.tokens import TokenSigner
from entrypoints.rest.app import RestParts, create_app, list_operations
from entrypoints.rest.browser.sign_in import SignIn
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.operations import Operation
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from ports.system import Alerts
from testing.memory.clock import SettableClock
from testing.memory.metrics import MemoryMetrics
from tests.support.builders import tokens
from tests.support.fakes.people import People, application_with

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COOKIE = "crewkit_session"
DASHBOARD = "https://app.crewkit.example"
API = "http://api.crewkit.example"


class KeptAlerts(Alerts):
    """Keeps the alerts for people on call."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:  # noqa: ARG002 - the port's signature
        """Keep it."""
        self.kept.append((code, message))


async def answers() -> None:
    """Be ready."""


@dataclass
class Edge:
    """The base of the edge, for a test to arrange and check."""

    people: People = field(default_factory=People)
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    alerts: KeptAlerts = field(default_factory=KeptAlerts)
    readiness: dict[str, Callable[[], Awaitable[object]]] = field(
        default_factory=lambda: {"database": answers, "redis": answers}
    )
    sign_in: SignIn | None = None
    sign_in_url: str | None = None
    dashboard_url: str = ""

    def parts(self) -> tuple[Application, RestParts]:
        """Give what the edge is made of, as it is arranged now."""
        verifier = JwtVerifier(
            PinnedKey(tokens.public_pem(tokens.rsa_key())), self.clock, issuer=tokens.ISSUER, audience=tokens.AUDIENCE
        )
        identify = Identify(self.people)
        application = application_with(Account(identify, WhoAmI(AccessControl(self.people, OsoAuthorizer(), ()))))
        protocol = GitHubWebhooks([Secret("webhook-secret-of-the-edge-test")])
        parts = RestParts(
            authentication=Authentication(verifier, identify, COOKIE, {DASHBOARD, API}),
            webhooks=WebhookEndpoint(
                {"github": protocol},
                application.deliveries.receive,
                MemoryMetrics(),
                find_source_secrets=application.deliveries.find_source_secrets,
            ),
            readiness=self.readiness,
            exposition=lambda: b"figures 1\n",
            alerts=self.alerts,
            sign_in=self.sign_in,
            sign_in_url=self.sign_in_url,
            dashboard_url=self.dashboard_url,
        )
        return application, parts

    @asynccontextmanager
    async def client(self, base_url: str = API) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of the edge as it is arranged now."""
        transport = httpx.ASGITransport(create_app(*self.parts()))
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            yield client


def list_production_operations() -> list[Operation]:
    """Give all that the edge answers in production."""
    return list_operations(*Edge().parts())


def list_all_operations() -> list[Operation]:
    """Give all that the edge answers in development."""
    signer = TokenSigner(tokens.private_pem(tokens.rsa_key()), issuer="issuer", audience="audience")
    return list_operations(*Edge(sign_in=SignIn(dict, signer)).parts())


def bearer(**changes: object) -> dict[str, str]:
    """Give the header of Mara's token, with these changes to its claims."""
    return {"authorization": f"Bearer {session(**changes)}"}


def session(**changes: object) -> str:
    """Give Mara's token, with these changes to its claims."""
    return tokens.sign_token(tokens.claims(NOW, **changes), tokens.rsa_key())
