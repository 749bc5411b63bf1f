from contextlib import AbstractAsyncContextManager
from types import TracebackType

from adapters.postgres.attributions import PostgresAttributionStore
from adapters.postgres.catalog_syncs import PostgresCatalogSyncStore
from adapters.postgres.census import PostgresCensusStore
from adapters.postgres.commit_claims import PostgresCommitClaimStore
from adapters.postgres.connections import PostgresConnectionStore
from adapters.postgres.database import Database, Lent
from adapters.postgres.domain_events import PostgresDomainEventStore
from adapters.postgres.events import PostgresEventStore
from adapters.postgres.faults import PostgresFaultStore
from adapters.postgres.flows import PostgresFlowStore
from adapters.postgres.idempotency import PostgresIdempotencyStore
from adapters.postgres.integrations import PostgresIntegrationStore
from adapters.postgres.links import PostgresLinkStore
from adapters.postgres.mailbox import PostgresMailbox
from adapters.postgres.projects import PostgresProjectStore
from adapters.postgres.read_leases import PostgresReadLeaseStore
from adapters.postgres.recoveries import PostgresRecoveryStore
from adapters.postgres.repositories import PostgresRepositoryStore
from adapters.postgres.retention import PostgresRetentionStore
from adapters.postgres.revocations import PostgresRevocationStore
from adapters.postgres.secret_uses import PostgresSecretUseStore
from adapters.postgres.session import Session
from adapters.postgres.token_store import PostgresInstallationTokenStore, PostgresUserTokenStore
from adapters.postgres.versions import PostgresVersionStore
from ports.unit_of_work import Transaction, UnitOfWork


class PostgresUnitOfWork(UnitOfWork):
    """Opens transactions on connections of the pool."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin a transaction for the length of an `async with` block."""
        return _Begun(self._database.session())


class _Begun(AbstractAsyncContextManager[Transaction]):
    """A transaction for the length of a block; by hand for the reason that `Lent` is."""

    __slots__ = ("_lent",)

    def __init__(self, lent: Lent) -> None:
        self._lent = lent

    async def __aenter__(self) -> Transaction:
        return PostgresTransaction(await self._lent.__aenter__())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._lent.__aexit__(kind, error, trace)


class PostgresTransaction(Transaction):
    """All stores on one connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._recorder = PostgresDomainEventStore(session)
        self.projects = PostgresProjectStore(session)
        self.integrations = PostgresIntegrationStore(session)
        self.repositories = PostgresRepositoryStore(session)
        self.catalog_syncs = PostgresCatalogSyncStore(session)
        self.links = PostgresLinkStore(session)
        self.connections = PostgresConnectionStore(session)
        self.installation_tokens = PostgresInstallationTokenStore(session)
        self.user_tokens = PostgresUserTokenStore(session)
        self.attributions = PostgresAttributionStore(session)
        self.commit_claims = PostgresCommitClaimStore(session)
        self.revocations = PostgresRevocationStore(session)
        self.read_leases = PostgresReadLeaseStore(session)
        self.flows = PostgresFlowStore(session)
        self.mailbox = PostgresMailbox(session)
        self.events = PostgresEventStore(session)
        self.domain_events = self._recorder
        self.versions = PostgresVersionStore(session)
        self.census = PostgresCensusStore(session)
        self.retention = PostgresRetentionStore(session)
        self.secret_uses = PostgresSecretUseStore(session)
        self.idempotency = PostgresIdempotencyStore(session)
        self.recoveries = PostgresRecoveryStore(session)
        self.faults = PostgresFaultStore(session)

    async def commit(self) -> None:
        """Record the domain events and commit, both at once and last: see `PostgresDomainEventStore`."""
        await self._session.commit(*self._recorder.recording())
