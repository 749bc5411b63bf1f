"""The life of tokens in one test: tables in memory, a provider that can be broken, a clock that is set."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import uuid4

from adapters.secrets.cipher import AesGcmCipher
from core.domain.audit import Change, Version
from core.domain.connections import Connection
from core.domain.identifiers import ProviderUserId
from core.domain.integrations.integration import Integration
from core.domain.provider_errors import CredentialRefused
from core.domain.secret import Secret
from core.domain.streams.domain_event import RecordedEvent
from core.domain.tokens.lease import StoredTokens
from core.use_cases.tokens.encryption import encrypt_user_tokens
from core.use_cases.tokens.token_refresher import Pause
from entrypoints.bootstrap.features import TokenSources, wire_token_sources
from ports.encryption import Cipher
from ports.system import Alerts
from testing.builders.entities import BY, PROVIDER, build_integration
from testing.memory.clock import SettableClock
from testing.memory.database import MemoryDatabase
from testing.memory.provider import FakeProvider
from testing.memory.seed import seed_organization, seed_user
from testing.memory.unit_of_work import MemoryUnitOfWork
from tests.support.builders.domain import NOW
from tests.support.scenarios.ports import KEYS, build_ports

INSTALLATION = "41"
REFUSED = CredentialRefused("no token for this installation")
PERSON = ProviderUserId("7")


class KeptAlerts(Alerts):
    """Keeps the alerts for people on call."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:  # noqa: ARG002 - the port's
        """Keep its code."""
        self.codes.append(code)


@dataclass
class TokenWorld:
    """An active integration of an installed app, and a person whose account is connected."""

    clock: SettableClock
    database: MemoryDatabase
    unit_of_work: MemoryUnitOfWork
    provider: FakeProvider
    integration: Integration
    connection: Connection
    alerts: KeptAlerts = field(default_factory=KeptAlerts)
    cipher: AesGcmCipher = field(default_factory=lambda: AesGcmCipher(KEYS))
    paused: list[float] = field(default_factory=list)
    """How long anyone has waited, in order."""

    def process(self, *, pause: Pause | None = None, cipher: Cipher | None = None) -> TokenSources:
        """Start a process, whose waiting moves the clock; several share tables and provider, nothing else."""
        ports = build_ports(
            self.database,
            providers={self.provider.name: self.provider},
            cipher=cipher or self.cipher,
            clock=self.clock,
            alerts=self.alerts,
            pause=pause or self.pause,
        )
        return wire_token_sources(replace(ports, unit_of_work=self.unit_of_work))

    async def pause(self, seconds: float) -> None:
        """Let so much time go by."""
        self.paused.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def later(self, **time: float) -> None:
        """Let so much time go by."""
        self.clock.advance(timedelta(**time))

    async def now(self) -> Integration:
        """Return the integration as it is now."""
        async with self.unit_of_work() as tx:
            found = await tx.integrations.find(self.integration.organization_id, PROVIDER)
        assert found is not None
        return found

    async def get_connection(self) -> Connection:
        """Return the connection as it is now."""
        async with self.unit_of_work() as tx:
            found = await tx.connections.find(self.connection.user_id, PROVIDER)
        assert found is not None
        return found

    async def row(self) -> StoredTokens:
        """Return what the integration's row knows of its token."""
        async with self.unit_of_work() as tx:
            found = await tx.installation_tokens.find(self.integration.id)
        assert found is not None
        return found

    async def user_row(self) -> StoredTokens:
        """Return what the connection's row knows of its tokens."""
        async with self.unit_of_work() as tx:
            found = await tx.user_tokens.find(self.connection.id)
        assert found is not None
        return found

    async def change(self, after: Integration) -> None:
        """Change the integration as a webhook or a person would."""
        async with self.unit_of_work() as tx:
            await tx.integrations.apply([Change(await self.now(), after, BY)])
            await tx.commit()

    async def change_connection(self, after: Connection) -> None:
        """Change the connection as a webhook or a person would."""
        async with self.unit_of_work() as tx:
            await tx.connections.apply([Change(await self.get_connection(), after, BY)])
            await tx.commit()

    async def sign_in(self) -> Secret:
        """Connect the user again; return the access token."""
        tokens = self.provider.state.grant(PERSON)
        async with self.unit_of_work() as tx:
            sealed = encrypt_user_tokens(self.cipher, self.connection.external_id, tokens)
            await tx.user_tokens.replace(self.connection.id, sealed)
            await tx.commit()
        return tokens.access_token

    async def trail(self) -> list[Version]:
        """Return all audit versions, past the two that made the rows."""
        async with self.unit_of_work() as tx:
            found = [
                *await tx.versions.list_by_item("integration", str(self.integration.external_id)),
                *await tx.versions.list_by_item("connection", str(self.connection.external_id)),
            ]
        return [version for version in found if version.event != "created"]

    async def list_domain_events(self) -> list[RecordedEvent]:
        """Return the published events."""
        async with self.unit_of_work() as tx:
            return list(await tx.domain_events.list_after(0, limit=100))


async def token_world() -> TokenWorld:
    """Make one, at noon."""
    clock = SettableClock(NOW)
    database = MemoryDatabase(clock.now)
    unit_of_work, provider = MemoryUnitOfWork(database), FakeProvider(clock)
    provider.state.install(INSTALLATION)
    provider.state.register(PERSON)
    organization = await seed_organization(database, uuid4(), name="Acme")
    user = await seed_user(database, uuid4(), email="mara@acme.example")
    async with unit_of_work() as tx:
        integration = build_integration(
            await tx.integrations.next_id(), organization, provider_id=INSTALLATION, sync_requested_at=None
        )
        integration = replace(integration, created_at=NOW, updated_at=NOW)
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=PERSON,
            created_at=NOW,
            updated_at=NOW,
        )
        await tx.integrations.apply([Change(None, integration, BY)])
        await tx.connections.apply([Change(None, connection, BY)])
        await tx.commit()
    return TokenWorld(clock, database, unit_of_work, provider, integration, connection)
