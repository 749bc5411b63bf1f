"""The REST edge of integrations and their repositories, in process, with a client that calls it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.actors import UserActor
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, Role
from core.domain.provider_events import RepositoryFacts
from core.use_cases.account import Identify
from core.use_cases.attribution.git_authors import AssignGitAuthor, ListGitAuthors, UnassignGitAuthor
from core.use_cases.attribution.list_attributions import ListAttributions
from core.use_cases.authorization import AccessControl
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.envelope import Envelope
from entrypoints.rest.http.operations import routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.resources import attributions, git_authors, integrations, repositories, syncs
from testing.builders.entities import Fact
from testing.memory.store_stage import MemoryStoreStage
from tests.support.builders import tokens
from tests.support.scenarios.catalog import Catalog
from tests.support.scenarios.ports import AUTHORIZER
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD, KeptAlerts


class CatalogEdge:
    """An organization with its people, another one, and a client."""

    organization: Organization
    integration: Integration
    people: dict[str, UserActor]

    def __init__(self) -> None:
        self.catalog = Catalog(MemoryStoreStage())
        self.catalog.clock.set(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        self.people = {}

    async def populate(self) -> None:
        """Make the organization with one member of each role, and an owner of another."""
        self.organization = await self.catalog.world.add_organization("Acme")
        for role in Role:
            self.people[role.value] = await self.catalog.member(self.organization, role)
        other = await self.catalog.world.add_organization("Zenith")
        self.people["outsider"] = await self.catalog.member(other, Role.OWNER)

    async def connect(self, *listed: RepositoryFacts, **facts: Fact) -> Integration:
        """Connect the organization to an installation of these repositories, and read its catalog."""
        integration = await self.catalog.connect(*listed, organization=self.organization, **facts)
        await self.catalog.sync(integration)
        self.integration = await self.catalog.read(integration)
        return self.integration

    def path(self, path: str = "") -> str:
        """Return a path below the organization's integrations."""
        return f"/api/v1/{self.organization.external_id}/git-integrations{path}"

    def of(self, person: str) -> dict[str, str]:
        """Return the header of this person's token."""
        now = self.catalog.clock.now()
        claims = tokens.claims(now, sub=str(self.people[person].external_id))
        return {"authorization": f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"}

    def service(self, *scopes: str) -> dict[str, str]:
        """Return the header of a service's token."""
        claims = tokens.claims(self.catalog.clock.now(), sub="reader", service="reader", scope=" ".join(scopes))
        return {"authorization": f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"}

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.catalog.clock.advance(timedelta(**by))

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client of the routes as the service mounts them."""
        verifier = JwtVerifier(
            PinnedKey(tokens.public_pem(tokens.rsa_key())),
            self.catalog.clock,
            issuer=tokens.ISSUER,
            audience=tokens.AUDIENCE,
        )
        wired = self.catalog.wired
        authentication = Authentication(verifier, Identify(self.catalog.world.directory), COOKIE, {DASHBOARD})
        features: Any = SimpleNamespace(
            list=self.catalog.list_integrations, show=self.catalog.show_integration, disconnect=self.catalog.disconnect
        )
        unit_of_work = self.catalog.world.unit_of_work
        access_control = AccessControl(self.catalog.world.directory, AUTHORIZER, self.catalog.providers)
        attribution: Any = SimpleNamespace(
            list=ListAttributions(unit_of_work, access_control),
            list_authors=ListGitAuthors(unit_of_work, access_control),
            assign_author=AssignGitAuthor(unit_of_work, access_control, self.catalog.clock),
            unassign_author=UnassignGitAuthor(unit_of_work, access_control),
        )
        mounted = [
            *integrations.operations(features),
            *syncs.operations(wired),
            *repositories.operations(wired),
            *repositories.branch_operations(wired),
            *attributions.operations(attribution),
            *git_authors.author_operations(attribution),
        ]
        framework = Starlette(routes=routes(mounted, authentication), exception_handlers=EXCEPTION_HANDLERS)
        framework.router.redirect_slashes = False
        transport = httpx.ASGITransport(Envelope(framework, KeptAlerts()))
        async with httpx.AsyncClient(transport=transport, base_url=API) as client:
            yield client
