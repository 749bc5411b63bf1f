from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, TypeVar

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.session import Session
from adapters.postgres.stores.attributions import PostgresAttributionStore
from adapters.postgres.stores.audit import PostgresVersionStore
from adapters.postgres.stores.catalog import PostgresCatalogStore
from adapters.postgres.stores.connections import PostgresConnectionStore
from adapters.postgres.stores.domain_events import PostgresDomainEventStore
from adapters.postgres.stores.event_queue import PostgresEventQueue
from adapters.postgres.stores.events import PostgresEventStore
from adapters.postgres.stores.flows import PostgresFlowStore
from adapters.postgres.stores.housekeeping import PostgresHousekeepingStore
from adapters.postgres.stores.idempotency import PostgresIdempotencyStore
from adapters.postgres.stores.installation_checks import PostgresInstallationCheckStore
from adapters.postgres.stores.integrations import PostgresIntegrationStore
from adapters.postgres.stores.links import PostgresLinkStore
from adapters.postgres.stores.projects import PostgresProjectStore
from adapters.postgres.stores.recoveries import PostgresRecoveryStore
from adapters.postgres.stores.tokens import PostgresInstallationTokenStore, PostgresUserTokenStore
from ports.unit_of_work import Transaction, UnitOfWork

Made = TypeVar("Made")


class PostgresUnitOfWork(UnitOfWork):
    """Opens transactions on connections of the pool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction for the length of an `async with` block."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._database.session() as session:
            yield PostgresTransaction(session)


class _Store(Generic[Made]):
    """A store of a transaction, made when it is first asked for: most use two of these two dozen."""

    def __init__(self, make: Callable[[Session], Made]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, transaction: "PostgresTransaction", owner: type) -> Made:
        made = self._make(transaction.session)
        # From now on found there, before this is.
        transaction.__dict__[self._name] = made
        return made


class PostgresTransaction(Transaction):
    """All stores on one connection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        """What the stores are made on."""

    projects = _Store(PostgresProjectStore)
    integrations = _Store(PostgresIntegrationStore)
    installation_checks = _Store(PostgresInstallationCheckStore)
    catalog = _Store(PostgresCatalogStore)
    links = _Store(PostgresLinkStore)
    connections = _Store(PostgresConnectionStore)
    installation_tokens = _Store(PostgresInstallationTokenStore)
    user_tokens = _Store(PostgresUserTokenStore)
    attributions = _Store(PostgresAttributionStore)
    flows = _Store(PostgresFlowStore)
    event_queue = _Store(PostgresEventQueue)
    events = _Store(PostgresEventStore)
    domain_events = _Store(PostgresDomainEventStore)
    versions = _Store(PostgresVersionStore)
    housekeeping = _Store(PostgresHousekeepingStore)
    idempotency = _Store(PostgresIdempotencyStore)
    recoveries = _Store(PostgresRecoveryStore)

    async def commit(self) -> None:
        """Record the domain events and commit, both at once and last: see `PostgresDomainEventStore`."""
        await self.session.commit(*self.domain_events.take_statements())
