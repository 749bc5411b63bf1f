"""Every suite, on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.metrics import MemoryMetrics
from adapters.postgres.database import Database
from adapters.postgres.delivery_log import PostgresDeliveryLog
from adapters.postgres.exclusion import PostgresExclusion
from tests.contract.attributions import AttributionStoreContract
from tests.contract.batch_starts import BatchStartStoreContract
from tests.contract.catalog_syncs import CatalogSyncStoreContract
from tests.contract.commit_claims import CommitClaimStoreContract
from tests.contract.connections import ConnectionStoreContract
from tests.contract.delivery_log import DeliveryLogContract
from tests.contract.directory import DirectoryContract
from tests.contract.domain_events import DomainEventStoreContract
from tests.contract.events import CensusStoreContract, EventStoreContract, RetentionStoreContract
from tests.contract.exclusion import ExclusionContract
from tests.contract.faults import FaultStoreContract
from tests.contract.flows import FlowStoreContract
from tests.contract.idempotency import IdempotencyStoreContract
from tests.contract.installation_checks import InstallationCheckStoreContract
from tests.contract.integrations import IntegrationStoreContract
from tests.contract.links import LinkStoreContract
from tests.contract.mailbox import MailboxContract
from tests.contract.postgres_world import PostgresWorld
from tests.contract.projects import ProjectStoreContract
from tests.contract.read_leases import ReadLeaseStoreContract
from tests.contract.recoveries import RecoveryStoreContract
from tests.contract.repositories import RepositoryStoreContract
from tests.contract.repository_search import RepositorySearchContract
from tests.contract.revocations import RevocationStoreContract
from tests.contract.secret_uses import SecretUseStoreContract
from tests.contract.unit_of_work import UnitOfWorkContract
from tests.contract.versions import VersionStoreContract


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresWorld]:
    """Give a migrated database."""
    world = PostgresWorld(database_url)
    yield world
    await world.database.close()


@pytest.fixture
async def log(world: PostgresWorld) -> AsyncIterator[PostgresDeliveryLog]:
    """Give a log that appends to it."""
    log = PostgresDeliveryLog(world.url, metrics=MemoryMetrics())
    yield log
    await log.close()


@pytest.fixture
def exclusion(world: PostgresWorld) -> PostgresExclusion:
    """Give what holds names there."""
    return PostgresExclusion(world.database)


@pytest.fixture
async def other(world: PostgresWorld) -> AsyncIterator[PostgresExclusion]:
    """Give another, of another process."""
    database = Database(world.url)
    yield PostgresExclusion(database)
    await database.close()


class TestUnitOfWork(UnitOfWorkContract):
    """The unit of work."""


class TestProjects(ProjectStoreContract):
    """crewkit's projects."""


class TestIntegrations(IntegrationStoreContract):
    """Integrations."""


class TestInstallationChecks(InstallationCheckStoreContract):
    """All that is promised."""


class TestRepositories(RepositoryStoreContract):
    """The catalog."""


class TestRepositorySearch(RepositorySearchContract):
    """The catalog, listed and searched."""


class TestCatalogSyncs(CatalogSyncStoreContract):
    """Who syncs what."""


class TestLinks(LinkStoreContract):
    """Links."""


class TestConnections(ConnectionStoreContract):
    """Connections."""


class TestAttributions(AttributionStoreContract):
    """Whose commits are."""


class TestCommitClaims(CommitClaimStoreContract):
    """Earlier commits."""


class TestRevocations(RevocationStoreContract):
    """What is to be revoked."""


class TestReadLeases(ReadLeaseStoreContract):
    """Tokens of services."""


class TestFlows(FlowStoreContract):
    """Browser flows."""


class TestMailbox(MailboxContract):
    """The ledger as a queue."""


class TestEvents(EventStoreContract):
    """The ledger as people look at it."""


class TestRetention(RetentionStoreContract):
    """What the ledger forgets."""


class TestCensus(CensusStoreContract):
    """What is counted."""


class TestDomainEvents(DomainEventStoreContract):
    """The outbox."""


class TestVersions(VersionStoreContract):
    """The audit trail."""


class TestSecretUses(SecretUseStoreContract):
    """Uses of secrets."""


class TestIdempotency(IdempotencyStoreContract):
    """Idempotency keys."""


class TestRecoveries(RecoveryStoreContract):
    """What the provider's log has and the ledger has not."""


class TestBatchStarts(BatchStartStoreContract):
    """What is being processed."""


class TestFaults(FaultStoreContract):
    """Faults that many meet and one tells."""


class TestExclusion(ExclusionContract):
    """One at a time."""


class TestDirectory(DirectoryContract):
    """crewkit's people."""


class TestDeliveryLog(DeliveryLogContract):
    """The way into the ledger, with group commit."""
