from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.errors import UndefinedColumn

from adapters.github.api.app_jwt import key_fingerprint, read_private_key
from adapters.github.protocol.signature import SigningSecret
from adapters.github.protocol.webhooks import PROVIDER
from adapters.github.registration import NEEDS
from adapters.postgres.connection.database import Database
from adapters.postgres.connection.inspection import Inspection
from adapters.postgres.connection.write_probe import WriteProbe
from adapters.postgres.migrate import newest
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.secrets.cipher import AesGcmCipher
from core.domain.errors import StorageNotPrepared, StorageUnavailable, StorageUnwritable
from core.domain.events.event import EventStatus
from entrypoints.doctor.app import check_clock, check_installations
from entrypoints.doctor.checks.settings import report_missing
from entrypoints.doctor.findings import Check, Finding, fail, note, ok
from entrypoints.doctor.keys import check_app_keys, check_keys, check_webhook_secrets
from entrypoints.doctor.storage import check_backlog, check_checks, check_pooler, check_revision, check_scheduler
from entrypoints.settings.settings import Settings
from ports.events import EventFilter
from ports.system import Clock

_MOST_FAILED = 100
_REMEDY = "Start PostgreSQL or correct CREWKIT_GIT_DATABASE_URL."
_UNSET = "Start PostgreSQL and set CREWKIT_GIT_DATABASE_URL to its URL."
_KEYS_REMEDY = (
    "Set CREWKIT_GIT_ENCRYPTION_KEYS to the keys that encrypted the tokens in the database. For a new "
    "database, create a key with `crewkit-git keys new`."
)


def storage_checks(settings: Settings, clock: Clock, database: Database | None) -> list[Check]:
    """Return the checks of PostgreSQL and of what is stored there."""
    if database is None:
        return [report_missing(settings, "database", ["DATABASE_URL"], _UNSET)]
    storage = _Storage(settings, clock, Inspection(database), PostgresUnitOfWork(database), WriteProbe(database))
    checks = {
        "database writes": storage.writes,
        "pooler": storage.pooler,
        "migrations": storage.revision,
        "backlog": storage.backlog,
        "scheduler": storage.scheduler,
        "installation checks": storage.checks,
        "encryption keys": storage.keys,
        "webhook secrets": storage.webhook_secrets,
        "app keys": storage.app_keys,
        "installations": storage.installations,
    }
    return [
        Check("database", storage.server, _REMEDY),
        *(Check(about, _if_available(about, check), _REMEDY) for about, check in checks.items()),
    ]


async def find_stored_deliveries(
    database: Database | None, provider: str, delivery_ids: Sequence[str]
) -> frozenset[str] | None:
    """Return which of these deliveries are stored; None if the database cannot be read."""
    if database is None:
        return None
    try:
        async with PostgresUnitOfWork(database)() as tx:
            return frozenset(
                [delivery_id for delivery_id in delivery_ids if await tx.events.find(provider, delivery_id) is not None]
            )
    except (StorageUnavailable, UndefinedColumn):
        return None


@dataclass(frozen=True, slots=True)
class _Storage:
    settings: Settings
    clock: Clock
    inspection: Inspection
    unit_of_work: PostgresUnitOfWork
    write_probe: WriteProbe

    async def server(self) -> list[Finding]:
        before = self.clock.now()
        try:
            version, server_time = await self.inspection.read_server()
        except StorageUnavailable as unavailable:
            why = f" ({_join_lines(str(unavailable.__cause__))})" if unavailable.__cause__ else ""
            return [fail("database", f"PostgreSQL is not available{why}.", unavailable.remedy)]
        return [
            ok("database", f"PostgreSQL {version.partition(' ')[0]} responds."),
            check_clock("database", server_time - _find_middle(before, self.clock.now())),
        ]

    async def writes(self) -> list[Finding]:
        try:
            await self.write_probe.check()
        except StorageUnwritable as refusal:
            return [fail("database writes", refusal.message, refusal.remedy)]
        return [ok("database writes", "PostgreSQL stores changes.")]

    async def pooler(self) -> list[Finding]:
        state = await self.inspection.find_pooler()
        return [] if state is None else [check_pooler(has_statement_timeout=state.has_statement_timeout)]

    async def revision(self) -> list[Finding]:
        return [check_revision(await self.inspection.find_revision(), newest())]

    async def backlog(self) -> list[Finding]:
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            oldest = await tx.events.find_oldest_due(now=now)
            failed = await tx.events.list(EventFilter(status=EventStatus.FAILED), limit=_MOST_FAILED)
        return check_backlog(oldest, len(failed), _MOST_FAILED, now=now)

    async def scheduler(self) -> list[Finding]:
        async with self.unit_of_work() as tx:
            state = await tx.recoveries.get_state(PROVIDER)
        return check_scheduler(state, now=self.clock.now())

    async def checks(self) -> list[Finding]:
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            backlog = await tx.installation_checks.get_backlog(PROVIDER, now=now)
        return [check_checks(backlog, now=now)]

    async def keys(self) -> list[Finding]:
        keys = self.settings.encryption_keys
        if not keys:
            return [fail("encryption keys", "No encryption key is set.", _KEYS_REMEDY)]
        sealed = await self.inspection.list_encrypted_samples()
        return check_keys(sealed, [key_id for key_id, _ in keys], AesGcmCipher(keys))

    async def webhook_secrets(self) -> list[Finding]:
        async with self.unit_of_work() as tx:
            used = await tx.housekeeping.load_secret_uses()
        accepted = self.settings.github_webhook_secrets
        fingerprints = [SigningSecret(secret.reveal()).fingerprint for secret in accepted]
        return check_webhook_secrets(fingerprints, used, now=self.clock.now())

    async def app_keys(self) -> list[Finding]:
        key = self.settings.github_private_key
        if key is None:
            return []
        async with self.unit_of_work() as tx:
            used = await tx.housekeeping.load_secret_uses()
        return check_app_keys(key_fingerprint(read_private_key(key)), used, now=self.clock.now())

    async def installations(self) -> list[Finding]:
        return check_installations(await self.inspection.list_permissions(PROVIDER), NEEDS.permissions)


def _if_available(about: str, check: Callable[[], Awaitable[list[Finding]]]) -> Callable[[], Awaitable[list[Finding]]]:
    """Return a check that reports a note if the database fails: other checks report that failure already."""

    async def check_if_available() -> list[Finding]:
        try:
            return await check()
        except (StorageNotPrepared, UndefinedColumn):
            return [note(about, "Not checked, because the database is not migrated.")]
        except StorageUnavailable:
            return [note(about, "Not checked, because the database is not available.")]

    return check_if_available


def _find_middle(start: datetime, end: datetime) -> datetime:
    return start + (end - start) / 2


def _join_lines(text: str) -> str:
    return " ".join(text.split())
