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
from core.domain.events.summary import EventSummary
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

_NO_IDENTITIES = Identities()

RepoKey = tuple[IntegrationId, RepoId]
Installation = tuple[str, str]
DecodedEvents = Sequence[tuple[WebhookEvent, ProviderEvent]]


@dataclass(slots=True)
class EventBatch:
    """The state that a batch of events reads and changes: loaded and written with one statement per table.

    The events of a lane are interpreted in the order received. Each sees what earlier events changed.
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
    connections_to_check: list[ConnectionId] = field(default_factory=list)
    completed_requests: list[PendingRequest] = field(default_factory=list)
    reported_deletions: list[ReportedDeletion] = field(default_factory=list)
    results: list[EventResult] = field(default_factory=list)
    domain_events: list[DomainEvent] = field(default_factory=list)
    attributions: list[Attribution] = field(default_factory=list)

    def find_integration(self, event: WebhookEvent) -> Integration | None:
        """Return the integration of an event, with the changes of earlier events."""
        return self.integrations.get((event.provider, event.source_key)) if event.source_key else None

    def create_view(self, event: WebhookEvent, provider_event: ProviderEvent) -> View:
        """Return the part of the batch that the interpretation of this event needs."""
        integration = self.find_integration(event)
        binding = self.bindings.get(key) if (key := _find_binding_key(event, provider_event)) else None
        owner = integration or (binding.existing if binding else None)
        connection = None
        if isinstance(provider_event, AuthorizationRevoked):
            connection = self.connections.get((event.provider, provider_event.user_id))
        if owner is None:
            return View(self.now, binding=binding, connection=connection)
        catalog, links = self.repositories[owner.id], tuple(self.links[owner.id].values())
        if not needs_whole_catalog(provider_event):
            wanted = set(list_repo_ids(provider_event))
            catalog = {repo_id: catalog[repo_id] for repo_id in wanted if repo_id in catalog}
            links = tuple(link for link in links if link.repo_id in wanted)
        identities = self.identities.get(event.provider, _NO_IDENTITIES)
        return View(self.now, integration, links, catalog, binding, connection, identities)

    def apply(self, event: WebhookEvent, interpretation: Interpretation, summary: EventSummary) -> None:
        """Apply the changes of one event, so that later events see them and `write` stores them."""
        self.results.append(interpretation.to_result(event, self.find_integration(event), summary))
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
        if interpretation.has_reported_deletion and (integration := self.find_integration(event)):
            deletion = ReportedDeletion(integration.id, event.id, event.delivery_id, event.created_at)
            self.reported_deletions.append(deletion)
        if interpretation.connection_to_check:
            self.connections_to_check.append(interpretation.connection_to_check.id)
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
        await tx.event_queue.record_results(self.results, started_at=self.now)
        if self.completed_requests:
            # After recording results: events of this batch may have waited for the binding.
            await tx.event_queue.reopen_unrouted(now=self.now)
        if self.domain_events:
            await tx.domain_events.append(self.domain_events)

    async def _request_checks(self, tx: Transaction) -> None:
        """Request checks at the provider: a reported deletion or revocation alone proves nothing."""
        if self.reported_deletions:
            await tx.installation_checks.request(self.reported_deletions)
        for connection_id in self.connections_to_check:
            await tx.connections.schedule_check(connection_id, at=self.now)

    async def load(self, tx: Transaction, events: DecodedEvents) -> None:
        """Load what these events concern: connections, install requests, repositories, links and identities."""
        # Lock the integrations before reading their links. A request that links a repository locks the
        # integration too, so the link is either seen here or created after the change.
        owners = [self.find_integration(event) for event, provider_event in events if changes_catalog(provider_event)]
        await tx.integrations.lock({owner.id for owner in owners if owner})
        await self._load_connections(tx, events)
        await self._load_bindings(tx, events)
        keys: set[RepoKey] = set()
        whole_catalogs = {binding.existing.id for binding in self.bindings.values() if binding.existing}
        for event, provider_event in events:
            if integration := self.find_integration(event):
                if needs_whole_catalog(provider_event):
                    whole_catalogs.add(integration.id)
                else:
                    keys.update((integration.id, repo_id) for repo_id in list_repo_ids(provider_event))
        if keys:
            self._add(await tx.catalog.find_repositories(keys), await tx.links.list_by_repositories(keys))
        for integration_id in whole_catalogs:
            repositories = await tx.catalog.load_repositories(integration_id)
            self._add(repositories, await tx.links.list_by_integration(integration_id))
        await self._load_identities(tx, events)

    def _add(self, repositories: Iterable[Repository], links: Iterable[Link]) -> None:
        for row in repositories:
            self.repositories[row.integration_id][row.repo_id] = row
        for link in links:
            self.links[link.integration_id][link.id] = link

    async def _load_connections(self, tx: Transaction, events: DecodedEvents) -> None:
        user_ids: dict[str, set[ProviderUserId]] = defaultdict(set)
        for event, provider_event in events:
            if isinstance(provider_event, AuthorizationRevoked):
                user_ids[event.provider].add(provider_event.user_id)
        for provider, ids in user_ids.items():
            for connection in await tx.connections.list_by_provider_users(provider, ids):
                self.connections[provider, connection.provider_user_id] = connection

    async def _load_bindings(self, tx: Transaction, events: DecodedEvents) -> None:
        keys_by_provider: dict[str, set[tuple[ProviderUserId, AccountId]]] = defaultdict(set)
        for event, provider_event in events:
            if self.find_integration(event) is None and (key := _find_binding_key(event, provider_event)):
                keys_by_provider[key[0]].add(key[1:])
        for provider, keys in keys_by_provider.items():
            for request in await tx.flows.list_awaiting_approval(provider, keys):
                existing = await tx.integrations.get_for_update(request.organization_id, provider)
                # An approval answers the requester's oldest request for the account.
                self.bindings.setdefault(
                    (provider, request.requester_id, request.account_id),
                    BindingOption(request, existing, existing.id if existing else await tx.integrations.next_id()),
                )

    async def _load_identities(self, tx: Transaction, events: DecodedEvents) -> None:
        """Load the users named by events of linked repositories, with one statement per provider."""
        queries: dict[str, IdentityQuery] = defaultdict(IdentityQuery)
        organizations: set[OrganizationId] = set()
        linked = {(link.integration_id, link.repo_id) for links in self.links.values() for link in links.values()}
        for event, provider_event in events:
            if not isinstance(provider_event, Push | PullRequest):
                continue
            integration = self.find_integration(event)
            if integration and (integration.id, provider_event.repository.repo_id) in linked:
                queries[event.provider].add(provider_event)
                organizations.add(integration.organization_id)
        for provider, query in queries.items():
            self.identities[provider] = await tx.attributions.find_identities(provider, query, organizations)


async def start_batch(tx: Transaction, events: Sequence[WebhookEvent], now: datetime) -> EventBatch:
    """Return a batch with the integrations of these events."""
    batch = EventBatch(now)
    installations: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event.source_key is not None:
            installations[event.provider].add(event.source_key)
    for provider, ids in installations.items():
        for integration in await tx.integrations.list_by_installations(provider, ids):
            batch.integrations[provider, integration.provider_id] = integration
    return batch


def list_repo_ids(provider_event: ProviderEvent) -> tuple[RepoId, ...]:
    """Return the ids of the repositories that an event concerns."""
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
    """Return whether an event may change which repositories can be linked."""
    return isinstance(provider_event, InstallationChanged | AccountRenamed | RepositoriesChanged | RepositoryChanged)


def needs_whole_catalog(provider_event: ProviderEvent) -> bool:
    """Return whether an event may change every repository of the integration."""
    return isinstance(provider_event, AccountRenamed) or can_bind(provider_event)


def _find_binding_key(
    event: WebhookEvent, provider_event: ProviderEvent
) -> tuple[str, ProviderUserId, AccountId] | None:
    if not isinstance(provider_event, InstallationChanged) or not can_bind(provider_event):
        return None
    if provider_event.requester_id is None or provider_event.installation.account_id is None:
        return None
    return event.provider, provider_event.requester_id, provider_event.installation.account_id
