from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.attribution.attribution import Attribution, Identities, IdentityQuery
from core.domain.audit import Change
from core.domain.catalog.repository import Repository
from core.domain.connections import Connection
from core.domain.events.event import EventResult, WebhookEvent
from core.domain.events.interpretation import BindingOption, Interpretation, View, can_bind
from core.domain.flows.flow import PendingRequest
from core.domain.identifiers import AccountId, ConnectionId, IntegrationId, OrganizationId, ProviderUserId, RepoId
from core.domain.integrations.installation_checks import ReportedDeletion
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.provider_events import (
    AccountRenamed,
    AuthorizationRevoked,
    InstallationChanged,
    ProviderEvent,
    PullRequest,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
)
from core.domain.streams.domain_event import DomainEvent
from ports.unit_of_work import Transaction

_NOBODY = Identities()

RepoKey = tuple[IntegrationId, RepoId]
Installation = tuple[str, str]


@dataclass(slots=True)
class EventBatch:
    """What a batch of events is about, read set-wise, changed in memory event by event, written set-wise.

    Events of one lane are interpreted in the order received, each seeing what the ones before it changed.
    """

    now: datetime
    integrations: dict[Installation, Integration] = field(default_factory=dict)
    repositories: dict[IntegrationId, dict[RepoId, Repository]] = field(default_factory=lambda: defaultdict(dict))
    links: dict[IntegrationId, dict[int, Link]] = field(default_factory=lambda: defaultdict(dict))
    connections: dict[tuple[str, ProviderUserId], Connection] = field(default_factory=dict)
    bindings: dict[tuple[str, ProviderUserId, AccountId], BindingOption] = field(default_factory=dict)
    identities: dict[str, Identities] = field(default_factory=dict)
    integration_changes: list[Change[Integration]] = field(default_factory=list)
    link_changes: list[Change[Link]] = field(default_factory=list)
    connection_changes: list[Change[Connection]] = field(default_factory=list)
    changed_repositories: dict[RepoKey, Repository] = field(default_factory=dict)
    doubted: list[ConnectionId] = field(default_factory=list)
    completed_requests: list[PendingRequest] = field(default_factory=list)
    reported_deletions: list[ReportedDeletion] = field(default_factory=list)
    results: list[EventResult] = field(default_factory=list)
    domain_events: list[DomainEvent] = field(default_factory=list)
    attributions: list[Attribution] = field(default_factory=list)

    def integration_of(self, event: WebhookEvent) -> Integration | None:
        """Return the integration an event belongs to, as changed so far."""
        return self.integrations.get((event.provider, event.source_key)) if event.source_key else None

    def view(self, event: WebhookEvent, provider_event: ProviderEvent) -> View:
        """Return what the interpretation of this event may look at."""
        integration = self.integration_of(event)
        binding = self.bindings.get(key) if (key := _binding_key(event, provider_event)) else None
        owner = integration or (binding.existing if binding else None)
        connection = None
        if isinstance(provider_event, AuthorizationRevoked):
            connection = self.connections.get((event.provider, provider_event.user_id))
        if owner is None:
            return View(self.now, binding=binding, connection=connection)
        catalog, links = self.repositories[owner.id], tuple(self.links[owner.id].values())
        if not needs_whole_catalog(provider_event):
            wanted = set(repo_ids_of(provider_event))
            catalog = {repo_id: catalog[repo_id] for repo_id in wanted if repo_id in catalog}
            links = tuple(link for link in links if link.repo_id in wanted)
        identities = self.identities.get(event.provider, _NOBODY)
        return View(self.now, integration, links, catalog, binding, connection, identities)

    def apply(self, event: WebhookEvent, interpretation: Interpretation) -> None:
        """Let the interpretation of one event count for those after it, and keep it for writing."""
        self.results.append(interpretation.to_result(event, self.integration_of(event)))
        self.domain_events += interpretation.domain_events
        self.attributions += interpretation.attributions
        if interpretation.integration and interpretation.integration.after:
            changed = interpretation.integration.after
            self.integrations[changed.provider, changed.provider_id] = changed
            self.integration_changes.append(interpretation.integration)
        for row in interpretation.repositories:
            self.repositories[row.integration_id][row.repo_id] = row
            self.changed_repositories[row.integration_id, row.repo_id] = row
        for step in interpretation.links:
            if step.after:
                self.links[step.after.integration_id][step.after.id] = step.after
            self.link_changes.append(step)
        if interpretation.connection and interpretation.connection.after:
            revoked = interpretation.connection.after
            self.connections[revoked.provider, revoked.provider_user_id] = revoked
            self.connection_changes.append(interpretation.connection)
        if interpretation.has_reported_deletion and (integration := self.integration_of(event)):
            deletion = ReportedDeletion(integration.id, event.id, event.delivery_id, event.created_at)
            self.reported_deletions.append(deletion)
        if interpretation.doubted:
            self.doubted.append(interpretation.doubted.id)
        if request := interpretation.completed_request:
            self.completed_requests.append(request)
            self.bindings.pop((request.provider, request.requester_id, request.account_id), None)

    async def write(self, tx: Transaction) -> None:
        """Write everything the batch changed, one statement per kind."""
        if self.integration_changes:
            await tx.integrations.apply(self.integration_changes)
        if self.changed_repositories:
            await tx.catalog.save_repositories(list(self.changed_repositories.values()))
        if self.link_changes:
            await tx.links.apply(self.link_changes)
        if self.connection_changes:
            await tx.connections.apply(self.connection_changes)
        await self._request_checks(tx)
        if self.completed_requests:
            await tx.flows.complete(self.completed_requests)
        if self.attributions:
            await tx.attributions.add(self.attributions)
        await tx.event_queue.record_results(self.results)
        if self.completed_requests:
            # After settling: events of this very batch may have been left waiting for the binding.
            await tx.event_queue.reopen_unrouted(now=self.now)
        if self.domain_events:
            await tx.domain_events.append(self.domain_events)

    async def _request_checks(self, tx: Transaction) -> None:
        """Request a check of the installation at the provider: the event alone proves nothing."""
        if self.reported_deletions:
            await tx.installation_checks.request(self.reported_deletions)
        for connection_id in self.doubted:
            await tx.connections.schedule_check(connection_id, at=self.now)


async def load_integrations(tx: Transaction, events: Sequence[WebhookEvent], now: datetime) -> EventBatch:
    """Begin a world with the integrations these events belong to."""
    batch = EventBatch(now)
    installations: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.source_key is not None:
            installations[event.provider].add(event.source_key)
    for provider, ids in installations.items():
        for integration in await tx.integrations.list_by_installations(provider, ids):
            batch.integrations[provider, integration.provider_id] = integration
    return batch


async def load_batch(tx: Transaction, batch: EventBatch, read: Iterable[tuple[WebhookEvent, ProviderEvent]]) -> None:
    """Read into the world what these notices speak of: connections, requests, catalog rows, links, people."""
    pairs = list(read)
    # Before reading what is linked: whoever links one of their repositories holds the integration, too, and
    # would otherwise be neither told that it went away nor among those who are.
    owners = [batch.integration_of(event) for event, provider_event in pairs if changes_catalog(provider_event)]
    await tx.integrations.lock({owner.id for owner in owners if owner})
    await _read_connections(tx, batch, pairs)
    await _read_bindings(tx, batch, pairs)
    keys: set[RepoKey] = set()
    whole: set[IntegrationId] = set()
    for event, provider_event in pairs:
        if integration := batch.integration_of(event):
            if needs_whole_catalog(provider_event):
                whole.add(integration.id)
            else:
                keys.update((integration.id, repo_id) for repo_id in repo_ids_of(provider_event))
    whole.update(binding.existing.id for binding in batch.bindings.values() if binding.existing)
    if keys:
        _keep(batch, await tx.catalog.find_repositories(keys), await tx.links.list_by_repositories(keys))
    for integration_id in whole:
        _keep(
            batch,
            await tx.catalog.load_repositories(integration_id),
            await tx.links.list_by_integration(integration_id),
        )
    await _read_identities(tx, batch, pairs)


def repo_ids_of(provider_event: ProviderEvent) -> tuple[RepoId, ...]:
    """Return the repositories a notice speaks of."""
    match provider_event:
        case Push() | PullRequest() | RepositoryChanged():
            return (provider_event.repository.repo_id,)
        case RepositoriesChanged():
            return tuple(facts.repo_id for facts in (*provider_event.added, *provider_event.removed))
        case InstallationChanged():
            return tuple(facts.repo_id for facts in provider_event.repositories)
        case _:
            return ()


def changes_catalog(provider_event: ProviderEvent) -> bool:
    """Tell whether a notice may change what may be linked."""
    return isinstance(provider_event, InstallationChanged | AccountRenamed | RepositoriesChanged | RepositoryChanged)


def needs_whole_catalog(provider_event: ProviderEvent) -> bool:
    """Tell whether every repository of the integration may change."""
    return isinstance(provider_event, AccountRenamed) or can_bind(provider_event)


def _binding_key(event: WebhookEvent, provider_event: ProviderEvent) -> tuple[str, ProviderUserId, AccountId] | None:
    if not isinstance(provider_event, InstallationChanged) or not can_bind(provider_event):
        return None
    if provider_event.requester_id is None or provider_event.installation.account_id is None:
        return None
    return event.provider, provider_event.requester_id, provider_event.installation.account_id


def _keep(batch: EventBatch, repositories: Iterable[Repository], links: Iterable[Link]) -> None:
    for row in repositories:
        batch.repositories[row.integration_id][row.repo_id] = row
    for link in links:
        batch.links[link.integration_id][link.id] = link


async def _read_connections(tx: Transaction, batch: EventBatch, read: list[tuple[WebhookEvent, ProviderEvent]]) -> None:
    revoked: dict[str, set[ProviderUserId]] = defaultdict(set)
    for event, provider_event in read:
        if isinstance(provider_event, AuthorizationRevoked):
            revoked[event.provider].add(provider_event.user_id)
    for provider, ids in revoked.items():
        for connection in await tx.connections.list_by_provider_users(provider, ids):
            batch.connections[provider, connection.provider_user_id] = connection


async def _read_identities(tx: Transaction, batch: EventBatch, read: list[tuple[WebhookEvent, ProviderEvent]]) -> None:
    """Read who the people are that linked repositories tell of, in one statement."""
    sought: dict[str, IdentityQuery] = defaultdict(IdentityQuery)
    organizations: set[OrganizationId] = set()
    linked = {
        (integration_id, link.repo_id) for integration_id, links in batch.links.items() for link in links.values()
    }
    for event, provider_event in read:
        if not isinstance(provider_event, Push | PullRequest):
            continue
        integration = batch.integration_of(event)
        if integration and (integration.id, provider_event.repository.repo_id) in linked:
            sought[event.provider].add(provider_event)
            organizations.add(integration.organization_id)
    for provider, people in sought.items():
        batch.identities[provider] = await tx.attributions.find_identities(provider, people, organizations)


async def _read_bindings(tx: Transaction, batch: EventBatch, read: list[tuple[WebhookEvent, ProviderEvent]]) -> None:
    wanted: dict[str, set[tuple[ProviderUserId, AccountId]]] = defaultdict(set)
    for event, provider_event in read:
        if batch.integration_of(event) is None and (key := _binding_key(event, provider_event)):
            wanted[key[0]].add(key[1:])
    for provider, keys in wanted.items():
        for request in await tx.flows.list_awaiting_approval(provider, keys):
            existing = await tx.integrations.get_for_update(request.organization_id, provider)
            # The oldest request of this requester for this account is the one that is answered.
            batch.bindings.setdefault(
                (provider, request.requester_id, request.account_id),
                BindingOption(request, existing, existing.id if existing else await tx.integrations.next_id()),
            )
