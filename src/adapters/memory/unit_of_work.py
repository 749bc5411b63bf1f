from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adapters.memory.attributions import MemoryAttributionStore
from adapters.memory.batch_starts import MemoryBatchStartStore
from adapters.memory.catalog_syncs import MemoryCatalogSyncStore
from adapters.memory.census import MemoryCensusStore
from adapters.memory.commit_claims import MemoryCommitClaimStore
from adapters.memory.connections import MemoryConnectionStore
from adapters.memory.database import MemoryDatabase, Session
from adapters.memory.domain_events import MemoryDomainEventStore
from adapters.memory.events import MemoryEventStore
from adapters.memory.faults import MemoryFaultStore
from adapters.memory.flows import MemoryFlowStore
from adapters.memory.idempotency import MemoryIdempotencyStore
from adapters.memory.installation_checks import MemoryInstallationCheckStore
from adapters.memory.integrations import MemoryIntegrationStore
from adapters.memory.links import MemoryLinkStore
from adapters.memory.mailbox import MemoryMailbox
from adapters.memory.projects import MemoryProjectStore
from adapters.memory.read_leases import MemoryReadLeaseStore
from adapters.memory.recoveries import MemoryRecoveryStore
from adapters.memory.repositories import MemoryRepositoryStore
from adapters.memory.retention import MemoryRetentionStore
from adapters.memory.revocations import MemoryRevocationStore
from adapters.memory.secret_uses import MemorySecretUseStore
from adapters.memory.token_store import MemoryInstallationTokenStore, MemoryUserTokenStore
from adapters.memory.versions import MemoryVersionStore
from ports.unit_of_work import Transaction, UnitOfWork


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
        self.repositories = MemoryRepositoryStore(session)
        self.catalog_syncs = MemoryCatalogSyncStore(session)
        self.links = MemoryLinkStore(session)
        self.connections = MemoryConnectionStore(session)
        self.installation_tokens = MemoryInstallationTokenStore(session)
        self.user_tokens = MemoryUserTokenStore(session)
        self.attributions = MemoryAttributionStore(session)
        self.commit_claims = MemoryCommitClaimStore(session)
        self.revocations = MemoryRevocationStore(session)
        self.read_leases = MemoryReadLeaseStore(session)
        self.flows = MemoryFlowStore(session)
        self.mailbox = MemoryMailbox(session)
        self.batch_starts = MemoryBatchStartStore(session)
        self.events = MemoryEventStore(session)
        self.domain_events = self._recorder
        self.versions = MemoryVersionStore(session)
        self.census = MemoryCensusStore(session)
        self.retention = MemoryRetentionStore(session)
        self.secret_uses = MemorySecretUseStore(session)
        self.idempotency = MemoryIdempotencyStore(session)
        self.recoveries = MemoryRecoveryStore(session)
        self.faults = MemoryFaultStore(session)

    async def commit(self) -> None:
        """Record the domain events and let everyone see everything."""
        await self._recorder.record()
        self._session.commit()
