from contextlib import AbstractAsyncContextManager
from typing import Protocol

from ports.attributions import AttributionStore
from ports.catalog import CatalogStore
from ports.commit_claims import CommitClaimStore
from ports.connections import ConnectionStore
from ports.domain_events import DomainEventStore
from ports.event_queue import EventQueue
from ports.events import EventAttemptStore, EventStore
from ports.flows import FlowStore
from ports.git_authors import GitAuthorStore
from ports.housekeeping import HousekeepingStore
from ports.idempotency import IdempotencyStore
from ports.installation_checks import InstallationCheckStore
from ports.integrations import IntegrationStore
from ports.links import LinkStore
from ports.projects import ProjectStore
from ports.recoveries import RecoveryStore
from ports.token_leases import TokenLeaseStore
from ports.tokens import InstallationTokenStore, UserTokenStore
from ports.versions import VersionStore


class Transaction(Protocol):
    """One atomic change over all stores.

    Guaranteed: other transactions see nothing before `commit` returns, and everything after. Leaving the block
    without `commit`, or with an error, changes nothing. Domain events and audit versions are committed with the
    change, and domain events get ids in the order of commits.

    Not guaranteed: repeatable reads; use `get_for_update` or a lane's lock if you need them. A database that does not
    respond raises `StorageUnavailable`.
    """

    projects: ProjectStore
    integrations: IntegrationStore
    installation_checks: InstallationCheckStore
    catalog: CatalogStore
    links: LinkStore
    connections: ConnectionStore
    installation_tokens: InstallationTokenStore
    user_tokens: UserTokenStore
    token_leases: TokenLeaseStore
    attributions: AttributionStore
    commit_claims: CommitClaimStore
    git_authors: GitAuthorStore
    flows: FlowStore
    event_queue: EventQueue
    event_attempts: EventAttemptStore
    events: EventStore
    domain_events: DomainEventStore
    versions: VersionStore
    housekeeping: HousekeepingStore
    idempotency: IdempotencyStore
    recoveries: RecoveryStore

    async def commit(self) -> None:
        """Make all changes durable; if this is not possible, raise and change nothing."""


class UnitOfWork(Protocol):
    """Opens transactions. Each call opens a new transaction; they are not nested."""

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction for the length of an `async with` block."""
