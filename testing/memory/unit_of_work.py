from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from ports.unit_of_work import Transaction, UnitOfWork
from testing.memory.database import MemoryDatabase, Session
from testing.memory.stores.attributions import MemoryAttributionStore
from testing.memory.stores.catalog import MemoryCatalogStore
from testing.memory.stores.commit_claims import MemoryCommitClaimStore
from testing.memory.stores.connections import MemoryConnectionStore
from testing.memory.stores.domain_events import MemoryDomainEventStore
from testing.memory.stores.event_attempts import MemoryEventAttemptStore
from testing.memory.stores.event_queue import MemoryEventQueue
from testing.memory.stores.events import MemoryEventStore
from testing.memory.stores.flows import MemoryFlowStore
from testing.memory.stores.git_authors import MemoryGitAuthorStore
from testing.memory.stores.housekeeping import MemoryHousekeepingStore
from testing.memory.stores.idempotency import MemoryIdempotencyStore
from testing.memory.stores.installation_checks import MemoryInstallationCheckStore
from testing.memory.stores.integrations import MemoryIntegrationStore
from testing.memory.stores.links import MemoryLinkStore
from testing.memory.stores.projects import MemoryProjectStore
from testing.memory.stores.recoveries import MemoryRecoveryStore
from testing.memory.stores.token_leases import MemoryTokenLeaseStore
from testing.memory.stores.tokens import MemoryInstallationTokenStore, MemoryUserTokenStore
from testing.memory.stores.versions import MemoryVersionStore


class MemoryUnitOfWork(UnitOfWork):
    """Opens transactions on tables in memory."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction for the length of an `async with` block."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        async with self._database.session() as session:
            yield MemoryTransaction(session)


class MemoryTransaction(Transaction):
    """All stores on one session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._recorder = MemoryDomainEventStore(session)
        self.projects = MemoryProjectStore(session)
        self.integrations = MemoryIntegrationStore(session)
        self.installation_checks = MemoryInstallationCheckStore(session)
        self.catalog = MemoryCatalogStore(session)
        self.links = MemoryLinkStore(session)
        self.connections = MemoryConnectionStore(session)
        self.installation_tokens = MemoryInstallationTokenStore(session)
        self.user_tokens = MemoryUserTokenStore(session)
        self.token_leases = MemoryTokenLeaseStore(session)
        self.attributions = MemoryAttributionStore(session)
        self.commit_claims = MemoryCommitClaimStore(session)
        self.git_authors = MemoryGitAuthorStore(session)
        self.flows = MemoryFlowStore(session)
        self.event_queue = MemoryEventQueue(session)
        self.event_attempts = MemoryEventAttemptStore(session)
        self.events = MemoryEventStore(session)
        self.domain_events = self._recorder
        self.versions = MemoryVersionStore(session)
        self.housekeeping = MemoryHousekeepingStore(session)
        self.idempotency = MemoryIdempotencyStore(session)
        self.recoveries = MemoryRecoveryStore(session)

    async def commit(self) -> None:
        """Record the domain events and let everyone see everything."""
        await self._recorder.record()
        self._session.commit()
