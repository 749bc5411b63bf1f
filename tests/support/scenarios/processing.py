"""The whole of receiving and processing in memory, with fakes that behave like what they stand for."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.catalog.repository import Repository
from core.domain.deliveries.delivery import QuotedDelivery, Receipt, SourceSecrets, VerifiedDelivery
from core.domain.events.event import WebhookEvent
from core.domain.flows.flow import PendingRequest
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.organizations import Organization, Project
from core.domain.provider_events import ProviderEvent
from core.domain.streams.domain_event import DomainEvent
from core.use_cases.deliveries.drain_lane import DrainLane, DrainResult
from core.use_cases.deliveries.receive_delivery import ReceiveDelivery
from core.use_cases.deliveries.requeue_due_events import RequeueDueEvents
from ports.event_queue import WorkerNotifier
from ports.system import Alerts
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import BodyDigest, Headers, WebhookProtocol
from testing.builders.flows import build_flow
from testing.memory.clock import SettableClock
from testing.memory.database import MemoryDatabase
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.metrics import MemoryMetrics
from testing.memory.unit_of_work import MemoryUnitOfWork
from tests.support.builders.domain import EVENT, INTEGRATION, LINK, NOW, ORGANIZATION, REPOSITORY, external
from tests.support.builders.webhooks import ROOT, protocol, sign_headers

Meanwhile = Callable[[], Awaitable[None]]


async def do_nothing() -> None:
    """Let nothing happen meanwhile."""


class Bell(WorkerNotifier):
    """Keeps who was rung for; a ring that meets one not yet answered is swallowed."""

    def __init__(self) -> None:
        self.notified_lanes: list[int] = []
        self.unanswered: set[int] = set()

    def notify(self, lane: int) -> None:
        """Ring unless it is ringing."""
        if lane not in self.unanswered:
            self.unanswered.add(lane)
            self.notified_lanes.append(lane)

    async def notify_due(self, lanes: Collection[int]) -> None:
        """Ring in any case."""
        self.unanswered.update(lanes)
        self.notified_lanes.extend(lanes)

    async def acknowledge(self, lane: int) -> None:
        """Let new rings through."""
        self.unanswered.discard(lane)


class AlertBook(Alerts):
    """Keeps the alerts for people on call."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Mapping[str, str | int | None]]] = []

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Record it; its reader needs a sentence."""
        assert message.endswith(".")
        self.entries.append((code, facts))


class WatchedProtocol(WebhookProtocol):
    """GitHub's protocol, letting a test see and do something whenever a payload is read."""

    def __init__(self, behind: GitHubWebhooks) -> None:
        self._behind = behind
        self.read_bodies: list[bytes] = []
        self.on_read: Callable[[bytes], None] = lambda _body: None

    def find_claimed_source(self, headers: Headers, query: bytes) -> str | None:
        """Claim as GitHub's."""
        return self._behind.find_claimed_source(headers, query)

    def start_digest(self) -> BodyDigest:
        """Begin a signature."""
        return self._behind.start_digest()

    def verify(
        self,
        headers: Headers,
        body: bytes,
        *,
        digest: BodyDigest | None = None,
        form: bool = False,
        claimed: SourceSecrets | None = None,
    ) -> VerifiedDelivery:
        """Verify as GitHub's."""
        return self._behind.verify(headers, body, digest=digest, form=form, claimed=claimed)

    def accept_quoted(self, quoted: QuotedDelivery) -> VerifiedDelivery:
        """Accept as GitHub's."""
        return self._behind.accept_quoted(quoted)

    def handles(self, event_type: str) -> bool:
        """Return the value of GitHub's adapter."""
        return self._behind.handles(event_type)

    def decode(self, event_type: str, body: bytes) -> ProviderEvent:
        """Note the reading, let the test act, then read as GitHub's."""
        self.read_bodies.append(body)
        self.on_read(body)
        return self._behind.decode(event_type, body)

    def format_body(self, body: bytes) -> bytes:
        """Show as GitHub's."""
        return self._behind.format_body(body)

    def get_secret_uses(self) -> Mapping[str, datetime]:
        """Return the value of GitHub's adapter."""
        return self._behind.get_secret_uses()


class WatchedUnitOfWork(UnitOfWork):
    """Transactions, counted; `before_commit` and `after_end` let a test come in between."""

    def __init__(self, behind: UnitOfWork) -> None:
        self._behind = behind
        self.opened = 0
        self.before_commit: Meanwhile = do_nothing
        self.after_end: Meanwhile = do_nothing

    def __call__(self) -> AbstractAsyncContextManager[Transaction]:
        """Begin one."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        self.opened += 1
        try:
            async with self._behind() as tx:
                yield _WatchedTransaction(tx, self.before_commit)
        finally:
            await self.after_end()


class _WatchedTransaction(Transaction):
    def __init__(self, behind: Transaction, before_commit: Meanwhile) -> None:
        self._behind = behind
        self._before_commit = before_commit
        self.projects = behind.projects
        self.integrations = behind.integrations
        self.installation_checks = behind.installation_checks
        self.catalog = behind.catalog
        self.links = behind.links
        self.connections = behind.connections
        self.installation_tokens = behind.installation_tokens
        self.user_tokens = behind.user_tokens
        self.token_leases = behind.token_leases
        self.attributions = behind.attributions
        self.commit_claims = behind.commit_claims
        self.git_authors = behind.git_authors
        self.flows = behind.flows
        self.event_queue = behind.event_queue
        self.event_attempts = behind.event_attempts
        self.events = behind.events
        self.domain_events = behind.domain_events
        self.versions = behind.versions
        self.housekeeping = behind.housekeeping
        self.idempotency = behind.idempotency
        self.recoveries = behind.recoveries

    async def commit(self) -> None:
        await self._before_commit()
        await self._behind.commit()


@dataclass
class Processing:
    """One service in memory: its webhook events, its clock, and the use cases that receive and process."""

    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    bell: Bell = field(default_factory=Bell)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)
    alerts: AlertBook = field(default_factory=AlertBook)
    protocol: WatchedProtocol = field(default_factory=lambda: WatchedProtocol(protocol()))

    def __post_init__(self) -> None:
        self.database = MemoryDatabase(self.clock.now)
        self.unit_of_work = WatchedUnitOfWork(MemoryUnitOfWork(self.database))
        self.delivery_log = MemoryDeliveryLog(self.database)
        self.receive = ReceiveDelivery(self.delivery_log, self.bell)
        self.requeue_due_events = RequeueDueEvents(self.unit_of_work, self.bell, self.clock, self.metrics)
        self.start_worker()

    def start_worker(self) -> None:
        """Start a worker that knows nothing of those before it."""
        self.drain_lane = DrainLane(
            self.unit_of_work, {"github": self.protocol}, self.bell, self.clock, self.metrics, self.alerts
        )

    def connect(
        self,
        integration: Integration = INTEGRATION,
        *,
        links: tuple[Link, ...] = (LINK,),
        repositories: tuple[Repository, ...] = (REPOSITORY,),
    ) -> None:
        """Put in an organization with an integration, its catalog and its linked projects."""
        state = self.database.committed
        state.organizations[ORGANIZATION] = Organization(ORGANIZATION, external(7), "Acme Rockets")
        state.integrations[integration.id] = integration
        for link in links:
            state.links[link.id] = link
            state.projects[link.project_id] = Project(
                link.project_id, link.project_external_id, ORGANIZATION, "Rocket", NOW
            )
        for row in repositories:
            state.repositories[row.integration_id, row.repo_id] = row

    def ask_for_approval(self, request: PendingRequest) -> None:
        """Put in a flow that awaits its account owner's approval."""
        self.database.committed.flows[request.flow_id] = build_flow(request)

    async def deliver(self, event: str, payload: Mapping[str, Any] | bytes) -> str:
        """Receive one signed delivery with a new id, and return the id."""
        delivery_id = str(uuid4())
        # GitHub never sends the same bytes twice.
        if isinstance(payload, bytes):
            body = payload + b" " * len(self.database.committed.events)
        else:
            body = json.dumps({**payload, "id": delivery_id}).encode()
        delivery = self.protocol.verify(sign_headers(body, event.encode(), delivery_id.encode()), body)
        assert await self.receive(delivery) is Receipt.ACCEPTED
        return delivery_id

    async def redeliver(self, delivery_id: str) -> Receipt:
        """Receive a delivery again, unchanged, and return the result."""
        event = self.event(delivery_id)
        body = self.database.committed.payloads[event.id]
        headers = sign_headers(body, event.event_type.encode(), delivery_id.encode())
        return await self.receive(self.protocol.verify(headers, body))

    async def drain(self, lane: int = EVENT.lane) -> DrainResult:
        """Drain a lane, by default that of the demo installation."""
        return await self.drain_lane(lane)

    def event(self, delivery_id: str) -> WebhookEvent:
        """Return a stored event."""
        (found,) = [one for one in self.database.committed.events.values() if one.delivery_id == delivery_id]
        return found

    def statuses(self) -> list[str]:
        """Return the status of every event, in the order received."""
        return [event.status.value for _, event in sorted(self.database.committed.events.items())]

    def facts(self) -> list[DomainEvent]:
        """Return all domain events in order."""
        return [fact for _, (fact, _) in sorted(self.database.committed.domain_events.items())]

    def expire_payload(self, delivery_id: str) -> None:
        """Let retention remove a payload."""
        del self.database.committed.payloads[self.event(delivery_id).id]

    def set_received_at(self, delivery_id: str, at: datetime) -> None:
        """Let an event have been received at another time."""
        event = self.event(delivery_id)
        self.database.committed.events[event.id] = replace(event, created_at=at)


def payload(name: str) -> dict[str, Any]:
    """Return one of the project's payload files, for variations."""
    for folder in ("deploy/demo/payloads", "tests/data/webhooks/own"):
        path: Path = ROOT / folder / f"{name}.json"
        if path.exists():
            found: dict[str, Any] = json.loads(path.read_bytes())
            return found
    raise FileNotFoundError(name)


def push(number: int = 0) -> dict[str, Any]:
    """Return a push to the demo organization's linked repository, with its number in `after`."""
    return payload("push/branch") | {"after": f"{number:040x}"}
