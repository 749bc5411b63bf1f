"""The suites of all stores, and the test classes for them.

A test module of an adapter of the unit of work needs a fixture `stage`
(`testing.contracts.store_stage.StoreStage`) and one line: `globals().update(generate_tests(STORE_CONTRACTS))`.
"""

from collections.abc import Iterable, Mapping
from types import new_class

from testing.contracts.attribution.assignments import AuthorAssignmentContract
from testing.contracts.attribution.attributions import AttributionStoreContract
from testing.contracts.attribution.commit_claims import CommitClaimContract
from testing.contracts.attribution.git_authors import GitAuthorStoreContract
from testing.contracts.attribution.identities import IdentityContract
from testing.contracts.attribution.member_claims import MemberClaimContract
from testing.contracts.directory import DirectoryContract
from testing.contracts.event_attempts import EventAttemptContract
from testing.contracts.stores.batch_starts import BatchStartContract
from testing.contracts.stores.catalog import CatalogStoreContract
from testing.contracts.stores.catalog_search import CatalogSearchContract
from testing.contracts.stores.catalog_syncs import CatalogSyncContract
from testing.contracts.stores.connections import ConnectionStoreContract
from testing.contracts.stores.domain_events import DomainEventStoreContract
from testing.contracts.stores.event_queue import EventQueueContract
from testing.contracts.stores.event_scans import EventScanContract
from testing.contracts.stores.events import EventStoreContract
from testing.contracts.stores.flows import FlowStoreContract
from testing.contracts.stores.housekeeping import HousekeepingStoreContract
from testing.contracts.stores.idempotency import IdempotencyStoreContract
from testing.contracts.stores.installation_checks import InstallationCheckStoreContract
from testing.contracts.stores.installation_token_store import InstallationTokenStoreContract
from testing.contracts.stores.integrations import IntegrationStoreContract
from testing.contracts.stores.links import LinkStoreContract
from testing.contracts.stores.project_overview import ProjectOverviewContract
from testing.contracts.stores.projects import ProjectStoreContract
from testing.contracts.stores.recoveries import RecoveryStoreContract
from testing.contracts.stores.reopened_events import ReopenedEventContract
from testing.contracts.stores.revocations import RevocationContract
from testing.contracts.stores.token_leases import TokenLeaseContract
from testing.contracts.stores.token_store import UserTokenStoreContract
from testing.contracts.stores.unrouted_events import UnroutedEventContract
from testing.contracts.stores.versions import VersionStoreContract
from testing.contracts.unit_of_work import UnitOfWorkContract

STORE_CONTRACTS: tuple[type, ...] = (
    UnitOfWorkContract,
    ProjectStoreContract,
    ProjectOverviewContract,
    IntegrationStoreContract,
    InstallationCheckStoreContract,
    CatalogStoreContract,
    CatalogSearchContract,
    CatalogSyncContract,
    LinkStoreContract,
    ConnectionStoreContract,
    InstallationTokenStoreContract,
    UserTokenStoreContract,
    AttributionStoreContract,
    IdentityContract,
    CommitClaimContract,
    MemberClaimContract,
    GitAuthorStoreContract,
    AuthorAssignmentContract,
    RevocationContract,
    TokenLeaseContract,
    FlowStoreContract,
    EventQueueContract,
    EventAttemptContract,
    UnroutedEventContract,
    EventStoreContract,
    EventScanContract,
    ReopenedEventContract,
    HousekeepingStoreContract,
    DomainEventStoreContract,
    VersionStoreContract,
    IdempotencyStoreContract,
    RecoveryStoreContract,
    BatchStartContract,
    DirectoryContract,
)
"""Everything that an adapter of `ports.unit_of_work` and `ports.identity` must pass."""


def generate_tests(contracts: Iterable[type]) -> Mapping[str, type]:
    """Return a test class for each contract, by its name: `TestLinkStore` for `LinkStoreContract`."""
    names = {f"Test{contract.__name__.removesuffix('Contract')}": contract for contract in contracts}
    return {name: new_class(name, (contract,)) for name, contract in names.items()}
