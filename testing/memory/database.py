import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

from core.domain.attribution.attribution import Attribution, Kind, Method
from core.domain.attribution.attribution import Role as AttributionRole
from core.domain.attribution.git_authors import AssignmentId, AuthorAssignment
from core.domain.audit import Version, VersionId
from core.domain.catalog.repository import Repository
from core.domain.connections import Connection
from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState
from core.domain.errors import DomainError, StorageConflict, StorageUnavailable
from core.domain.events.attempt import Attempt
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.flows.flow import Flow
from core.domain.identifiers import (
    ConnectionId,
    EventId,
    FlowId,
    IntegrationId,
    LinkId,
    OrganizationId,
    ProjectId,
    RepoId,
    RevocationId,
    UserId,
)
from core.domain.integrations.installation_checks import ReportedDeletion
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.organizations import Organization, Project, Role, User
from core.domain.streams.domain_event import DomainEvent
from core.domain.tokens.installation_tokens import TokenLease
from core.domain.tokens.lease import StoredTokens
from core.domain.tokens.user_tokens import Revocation
from ports.event_queue import UnfinishedBatch

_LOCK_SECONDS = 5.0

AttributionKey = tuple[IntegrationId, RepoId, str, AttributionRole, str]


@dataclass(frozen=True, slots=True)
class MemberClaim:
    """A claim of a member by their address in crewkit."""

    address: str
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class KeptAttribution:
    """One row: what was added, who it is of now, and its place in the list."""

    id: int
    attribution: Attribution
    kind: Kind
    method: Method
    user_id: UserId | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class KeptResult:
    """What a request came to under its key; None while it is being done."""

    request_hash: bytes
    expires_at: datetime
    result: object = None


@dataclass(frozen=True, slots=True)
class KeptRevocation:
    """One row: what is to be revoked, from when on, and until when someone is at it."""

    revocation: Revocation
    due_at: datetime
    taken_until: datetime | None

    def is_taken(self, now: datetime) -> bool:
        """Return whether the lock is held."""
        return self.taken_until is not None and self.taken_until > now


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """One row: when an installation is next checked, and the reported deletion that asks for it."""

    next_check_at: datetime
    deletion: ReportedDeletion | None = None
    checked_at: datetime | None = None


@dataclass(slots=True)
class State:
    """Every table. Rows are frozen, so that a copy of the tables is a copy of everything."""

    organizations: dict[OrganizationId, Organization] = field(default_factory=dict)
    users: dict[UserId, User] = field(default_factory=dict)
    memberships: dict[tuple[UserId, OrganizationId], Role] = field(default_factory=dict)
    projects: dict[ProjectId, Project] = field(default_factory=dict)
    integrations: dict[IntegrationId, Integration] = field(default_factory=dict)
    webhook_secrets: dict[UUID, str] = field(default_factory=dict)
    installation_checks: dict[IntegrationId, KeptCheck] = field(default_factory=dict)
    repositories: dict[tuple[IntegrationId, RepoId], Repository] = field(default_factory=dict)
    repositories_written_at: dict[tuple[IntegrationId, RepoId], datetime] = field(default_factory=dict)
    links: dict[LinkId, Link] = field(default_factory=dict)
    connections: dict[ConnectionId, Connection] = field(default_factory=dict)
    emails: dict[ConnectionId, frozenset[str]] = field(default_factory=dict)
    read_leases: dict[UUID, TokenLease] = field(default_factory=dict)
    attributions: dict[AttributionKey, KeptAttribution] = field(default_factory=dict)
    commit_claims: dict[tuple[ConnectionId, IntegrationId], bool] = field(default_factory=dict)
    author_assignments: dict[AssignmentId, AuthorAssignment] = field(default_factory=dict)
    member_claims: dict[tuple[UserId, IntegrationId], MemberClaim] = field(default_factory=dict)
    flows: dict[FlowId, Flow] = field(default_factory=dict)
    identity_checks: dict[ConnectionId, datetime] = field(default_factory=dict)
    revocations: dict[RevocationId, KeptRevocation] = field(default_factory=dict)
    events: dict[EventId, WebhookEvent] = field(default_factory=dict)
    attempts: dict[EventId, tuple[Attempt, ...]] = field(default_factory=dict)
    result_counts: Counter[tuple[IntegrationId, datetime, EventStatus, int]] = field(default_factory=Counter)
    payloads: dict[EventId, bytes] = field(default_factory=dict)
    payloads_expired_to: int = 0
    bodies: dict[EventId, bytes] = field(default_factory=dict)
    unique_bodies: dict[EventId, bytes] = field(default_factory=dict)
    domain_events: dict[int, tuple[DomainEvent, datetime]] = field(default_factory=dict)
    versions: dict[VersionId, Version] = field(default_factory=dict)
    version_owners: dict[VersionId, tuple[OrganizationId | None, str | None]] = field(default_factory=dict)
    secret_uses: dict[str, datetime] = field(default_factory=dict)
    integration_tokens: dict[IntegrationId, StoredTokens] = field(default_factory=dict)
    user_tokens: dict[ConnectionId, StoredTokens] = field(default_factory=dict)
    sync_owners: dict[IntegrationId, str] = field(default_factory=dict)
    probes: dict[IntegrationId, datetime] = field(default_factory=dict)
    idempotency_keys: dict[tuple[OrganizationId, str, str], KeptResult] = field(default_factory=dict)
    faults: dict[str, datetime] = field(default_factory=dict)
    recoveries: dict[str, RecoveryState] = field(default_factory=dict)
    batch_starts: dict[int, UnfinishedBatch] = field(default_factory=dict)
    missing: dict[tuple[str, str], MissingDelivery] = field(default_factory=dict)
    failed_fetches: dict[tuple[str, str], tuple[FailedFetch, datetime]] = field(default_factory=dict)

    def copy(self) -> "State":
        """Return a copy of the tables with the same rows."""
        return State(*(copy(getattr(self, table.name)) for table in fields(self)))


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryDatabase:
    """Tables in this process, for tests and for trying things out; they end with it.

    Writers wait for each other as if all wrote the same row; readers never wait.
    """

    def __init__(self, now: Callable[[], datetime] = _utc_now) -> None:
        self.now = now
        self.committed = State()
        self.ids = count(1)
        self.writing = asyncio.Lock()
        self.lanes: dict[int, asyncio.Lock] = {}
        self.held: set[str] = set()
        self.is_reachable = True
        self.commits_to_lose = 0
        """So many of the next commits that would change something find storage gone."""

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Session"]:
        """Open a session for the length of the block. Uncommitted changes are dropped at its end."""
        session = Session(self)
        try:
            yield session
        finally:
            session.end()


class Session:
    """One transaction's view: what is committed until its first write, its own copy from then on."""

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self._own: State | None = None
        self._held: list[asyncio.Lock] = []
        self._lanes: set[int] = set()
        self._must_not_commit = False

    @property
    def state(self) -> State:
        """The tables as this transaction sees them; read only."""
        self._reach()
        return self._own or self.database.committed

    async def writable(self) -> State:
        """Return tables to write to; from now on no other transaction writes until this one ends.

        Raises `StorageConflict` after 5 seconds of waiting for another.
        """
        self._reach()
        if self._own is None:
            await self._hold(self.database.writing)
            self._own = self.database.committed.copy()
        return self._own

    async def lock_lane(self, lane: int) -> None:
        """Hold a lane until the end; raises `StorageConflict` after 5 seconds of waiting for another."""
        self._reach()
        if lane not in self._lanes:
            await self._hold(self._lane(lane))
            self._lanes.add(lane)

    async def try_lock_lane(self, lane: int) -> bool:
        """Hold a lane until the end, unless another does."""
        self._reach()
        if lane not in self._lanes:
            if self._lane(lane).locked():
                return False
            await self.lock_lane(lane)
        return True

    @contextmanager
    def end_on_error(self) -> Iterator[None]:
        """Let an error in the block, caught later or not, be the end of this transaction."""
        try:
            yield
        except DomainError:
            self._must_not_commit = True
            raise

    def commit(self) -> None:
        """Let everyone see what was written; raises `StorageConflict` where an error had undone it."""
        self._reach()
        if self._must_not_commit:
            raise StorageConflict("The change failed before it was committed. Nothing was changed. Try again.")
        if self._own is not None:
            if self.database.commits_to_lose:
                self.database.commits_to_lose -= 1
                raise _unavailable()
            self.database.committed = self._own
        self.end()

    def end(self) -> None:
        """Forget what was not committed, and let others go on."""
        self._own = None
        self._lanes.clear()
        while self._held:
            self._held.pop().release()

    def _lane(self, lane: int) -> asyncio.Lock:
        return self.database.lanes.setdefault(lane, asyncio.Lock())

    async def _hold(self, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(_LOCK_SECONDS):
                await lock.acquire()
        except TimeoutError as error:
            raise StorageConflict("A concurrent change did not finish in time. Try again.") from error
        self._held.append(lock)

    def _reach(self) -> None:
        if not self.database.is_reachable:
            raise _unavailable()


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("The database does not respond. Try again soon.", retry_after=1.0)
