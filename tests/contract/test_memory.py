"""Every suite, on tables in this process."""

import pytest

from adapters.memory.delivery_log import MemoryDeliveryLog
from adapters.memory.exclusion import MemoryExclusion
from ports.delivery_log import DeliveryLog
from ports.exclusion import Exclusion
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
from tests.contract.memory_world import MemoryWorld
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
