from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, TypeVar

from adapters.postgres.connection.database import Database
from adapters.postgres.connection.session import Session
from adapters.postgres.stores.attributions import PostgresAttributionStore
from adapters.postgres.stores.audit import PostgresVersionStore
from adapters.postgres.stores.catalog import PostgresCatalogStore
from adapters.postgres.stores.commit_claims import PostgresCommitClaimStore
from adapters.postgres.stores.connections import PostgresConnectionStore
from adapters.postgres.stores.domain_events import PostgresDomainEventStore
from adapters.postgres.stores.event_attempts import PostgresEventAttemptStore
from adapters.postgres.stores.event_queue import PostgresEventQueue
from adapters.postgres.stores.events import PostgresEventStore
from adapters.postgres.stores.flows import PostgresFlowStore
from adapters.postgres.stores.git_authors import PostgresGitAuthorStore
from adapters.postgres.stores.housekeeping import PostgresHousekeepingStore
from adapters.postgres.stores.idempotency import PostgresIdempotencyStore
from adapters.postgres.stores.installation_checks import PostgresInstallationCheckStore
from adapters.postgres.stores.integrations import PostgresIntegrationStore
from adapters.postgres.stores.links import PostgresLinkStore
from adapters.postgres.stores.projects import PostgresProjectStore
from adapters.postgres.stores.recoveries import PostgresRecoveryStore
from adapters.postgres.stores.token_leases import PostgresTokenLeaseStore
from adapters.postgres.stores.tokens import PostgresInstallationTokenStore, PostgresUserTokenStore
from ports.unit_of_work import Transaction, UnitOfWork

Store = TypeVar("Store")


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


class _Store(Generic[Store]):
    """Creates a store of a transaction at its first use: most transactions use few of them."""

    def __init__(self, create: Callable[[Session], Store]) -> None:
        self._create = create

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, transaction: "PostgresTransaction", owner: type) -> Store:
        store = self._create(transaction.session)
        # Python finds this attribute before the descriptor.
        transaction.__dict__[self._name] = store
        return store


class PostgresTransaction(Transaction):
    """All stores on one connection."""

    def __init__(self, session: Session) -> None:
        self.session = session
        """The session of all stores."""

    projects = _Store(PostgresProjectStore)
    integrations = _Store(PostgresIntegrationStore)
    installation_checks = _Store(PostgresInstallationCheckStore)
    catalog = _Store(PostgresCatalogStore)
    links = _Store(PostgresLinkStore)
    connections = _Store(PostgresConnectionStore)
    installation_tokens = _Store(PostgresInstallationTokenStore)
    user_tokens = _Store(PostgresUserTokenStore)
    token_leases = _Store(PostgresTokenLeaseStore)
    attributions = _Store(PostgresAttributionStore)
    commit_claims = _Store(PostgresCommitClaimStore)
    git_authors = _Store(PostgresGitAuthorStore)
    flows = _Store(PostgresFlowStore)
    event_queue = _Store(PostgresEventQueue)
    event_attempts = _Store(PostgresEventAttemptStore)
    events = _Store(PostgresEventStore)
    domain_events = _Store(PostgresDomainEventStore)
    versions = _Store(PostgresVersionStore)
    housekeeping = _Store(PostgresHousekeepingStore)
    idempotency = _Store(PostgresIdempotencyStore)
    recoveries = _Store(PostgresRecoveryStore)

    async def commit(self) -> None:
        """Record the domain events and commit, in one round trip: see `PostgresDomainEventStore`."""
        await self.session.commit(*self.domain_events.take_statements())
