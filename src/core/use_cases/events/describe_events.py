from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.events.event import EnvelopeUnreadable, EventStatus, WebhookEvent
from core.domain.events.summary import EventKind, EventSummary, summarize
from core.domain.events.views import EventProject, EventView
from core.domain.identifiers import EventId, IntegrationId, RepoId
from core.domain.organizations import Organization, Project
from core.domain.provider import AccountUrls
from ports.provider import GitProvider
from ports.unit_of_work import Transaction
from ports.webhooks import WebhookProtocol

# A longer payload is not decoded for a list: fifty of this size take about ten milliseconds.
_MAX_PAYLOAD = 64 * 1024
_MAX_PAYLOADS = 4 * 1024 * 1024
_MAX_PROJECTS = 10

_CONTENT = frozenset({EventKind.PUSH, EventKind.PULL_REQUEST})
_OPEN = frozenset({EventStatus.FAILED, EventStatus.PENDING})


@dataclass(frozen=True, slots=True)
class DescribeEvents:
    """Add to each webhook event its summary and its projects. Used by the use cases that return events."""

    protocols: Mapping[str, WebhookProtocol]
    providers: Mapping[str, GitProvider]

    async def __call__(
        self,
        tx: Transaction,
        organization: Organization | None,
        events: Sequence[WebhookEvent],
        *,
        can_read_payload: bool,
    ) -> Sequence[EventView]:
        """Return a view of each event. Without an organization, events have no projects.

        An event without a stored summary gets the summary of its payload, if the payload is small and readable.
        An actor who may not read payloads sees commit messages and titles only of repositories with a project.
        """
        computed = await self._summarize_payloads(tx, [event for event in events if event.summary is None])
        projects = await _find_projects(tx, organization, events) if organization else {}
        views = []
        for event in events:
            summary = event.summary or computed.get(event.id)
            concerned = projects.get(event.id, ())
            is_linked = bool(concerned or event.project_ids)
            if summary and summary.kind in _CONTENT and not (can_read_payload or is_linked):
                summary = summary.redact()
            views.append(EventView(event, summary, concerned, self._find_urls(event, summary)))
        return views

    async def _summarize_payloads(
        self, tx: Transaction, events: Sequence[WebhookEvent]
    ) -> Mapping[EventId, EventSummary]:
        small = {event.id: event for event in events if event.payload_length <= _MAX_PAYLOAD}
        payloads = await tx.events.find_payloads(list(small), max_bytes=_MAX_PAYLOADS) if small else {}
        summaries = {}
        for event_id, body in payloads.items():
            event = small[event_id]
            try:
                decoded = self.protocols[event.provider].decode(event.event_type, body)
            except EnvelopeUnreadable:
                continue
            summaries[event_id] = summarize(event.event_type, event.action, decoded)
        return summaries

    def _find_urls(self, event: WebhookEvent, summary: EventSummary | None) -> AccountUrls | None:
        provider = self.providers.get(event.provider)
        if provider is None or summary is None or summary.actor is None:
            return None
        return provider.build_account_urls(summary.actor.id, summary.actor.login)


async def _find_projects(
    tx: Transaction, organization: Organization, events: Sequence[WebhookEvent]
) -> Mapping[EventId, Sequence[EventProject]]:
    """Return the projects of each event: those of its verdicts, or those of its repository's links."""
    decided = {verdict.project_id for event in events for verdict in event.verdicts if verdict.project_id}
    stored = await tx.projects.find_many(organization.id, decided) if decided else ()
    names = {project.external_id: project.name for project in stored}
    linked = await _find_linked(tx, organization, [event for event in events if not event.verdicts])
    return {event.id: _list_decided(event, names) if event.verdicts else linked.get(event.id, ()) for event in events}


def _list_decided(event: WebhookEvent, names: Mapping[UUID, str]) -> Sequence[EventProject]:
    return [
        EventProject(verdict.project_id, names[verdict.project_id], verdict.outcome, verdict.reason)
        for verdict in event.verdicts
        if verdict.project_id is not None and verdict.project_id in names
    ]


async def _find_linked(
    tx: Transaction, organization: Organization, events: Sequence[WebhookEvent]
) -> Mapping[EventId, Sequence[EventProject]]:
    """Return the projects that are linked to the repositories of events without verdicts."""
    repo_ids: dict[IntegrationId, set[RepoId]] = defaultdict(set)
    for event in events:
        if event.status in _OPEN and event.integration_id is not None and event.repo_id is not None:
            repo_ids[event.integration_id].add(event.repo_id)
    linked: dict[tuple[IntegrationId | None, RepoId | None], Sequence[Project]] = {}
    for integration_id, wanted in repo_ids.items():
        found = await tx.projects.list_by_repositories(organization.id, integration_id, wanted, most=_MAX_PROJECTS)
        linked |= {(integration_id, repo_id): projects for repo_id, projects in found.items()}
    return {
        event.id: [
            EventProject(project.external_id, project.name, None, None)
            for project in linked.get((event.integration_id, event.repo_id), ())
        ]
        for event in events
        if event.status in _OPEN
    }
