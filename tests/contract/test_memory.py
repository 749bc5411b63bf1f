"""Every suite, on tables in this process."""

import pytest

from ports.delivery_log import DeliveryLog
from ports.exclusion import Exclusion
from testing.contracts.delivery_log import DeliveryLogContract
from testing.contracts.directory import DirectoryContract
from testing.contracts.exclusion import ExclusionContract
from testing.contracts.stores.attributions import AttributionStoreContract
from testing.contracts.stores.batch_starts import BatchStartStoreContract
from testing.contracts.stores.catalog_syncs import CatalogSyncStoreContract
from testing.contracts.stores.commit_claims import CommitClaimStoreContract
from testing.contracts.stores.connections import ConnectionStoreContract
from testing.contracts.stores.domain_events import DomainEventStoreContract
from testing.contracts.stores.event_queue import MailboxContract
from testing.contracts.stores.events import CensusStoreContract, EventStoreContract, RetentionStoreContract
from testing.contracts.stores.faults import FaultStoreContract
from testing.contracts.stores.flows import FlowStoreContract
from testing.contracts.stores.idempotency import IdempotencyStoreContract
from testing.contracts.stores.installation_checks import InstallationCheckStoreContract
from testing.contracts.stores.integrations import IntegrationStoreContract
from testing.contracts.stores.links import LinkStoreContract
from testing.contracts.stores.projects import ProjectStoreContract
from testing.contracts.stores.read_leases import ReadLeaseStoreContract
from testing.contracts.stores.recoveries import RecoveryStoreContract
from testing.contracts.stores.repositories import RepositoryStoreContract
from testing.contracts.stores.repository_search import RepositorySearchContract
from testing.contracts.stores.revocations import RevocationStoreContract
from testing.contracts.stores.secret_uses import SecretUseStoreContract
from testing.contracts.stores.versions import VersionStoreContract
from testing.contracts.unit_of_work import UnitOfWorkContract
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.exclusion import MemoryExclusion
from testing.memory.world import MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    """Give empty tables."""
    return MemoryWorld()


@pytest.fixture
def log(world: MemoryWorld) -> DeliveryLog:
    """Give a log that appends to them."""
    return MemoryDeliveryLog(world.database)


@pytest.fixture
def exclusion(world: MemoryWorld) -> Exclusion:
    """Give what holds names there."""
    return MemoryExclusion(world.database)


@pytest.fixture
def other(world: MemoryWorld) -> Exclusion:
    """Give another that does."""
    return MemoryExclusion(world.database)


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
    """The ledger as people look at it."""


class TestCensus(CensusStoreContract):
    """What is counted in memory."""


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
    """The way into the ledger."""
