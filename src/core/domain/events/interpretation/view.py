from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.domain.actors import SystemActor
from core.domain.attribution.attribution import Attribution, Identities
from core.domain.audit import Change, Entity
from core.domain.catalog.repository import Repository
from core.domain.connections import Connection
from core.domain.events.event import EventResult, EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.events.summary import EventSummary
from core.domain.flows.flow import PendingRequest
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.streams.domain_event import DomainEvent


@dataclass(frozen=True, slots=True)
class BindingOption:
    """The pending request that a new installation matches, and the organization's integration, if any."""

    request: PendingRequest
    existing: Integration | None
    new_id: IntegrationId


@dataclass(frozen=True, slots=True)
class View:
    """The stored state that the interpretation of one event may use.

    `links` and `repositories` are those of the integration that the provider event is about, `identities` those of
    the people that it names.
    """

    now: datetime
    integration: Integration | None = None
    links: tuple[Link, ...] = ()
    repositories: Mapping[RepoId, Repository] = field(default_factory=dict)
    binding: BindingOption | None = None
    connection: Connection | None = None
    identities: Identities = field(default_factory=Identities)


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What one event means: its result, the changes, and the domain events to publish.

    `connection_to_check` is a connection that must be checked at the provider before it changes.
    """

    status: EventStatus
    reason: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    integration: Change[Integration] | None = None
    repositories: tuple[Repository, ...] = ()
    links: tuple[Change[Link], ...] = ()
    connection: Change[Connection] | None = None
    connection_to_check: Connection | None = None
    completed_request: PendingRequest | None = None
    domain_events: tuple[DomainEvent, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    matched_links: tuple[Link, ...] = ()
    has_reported_deletion: bool = False

    def to_result(
        self, event: WebhookEvent, integration: Integration | None, summary: EventSummary | None = None
    ) -> EventResult:
        """Return the result to store with the event."""
        owner = self.integration.after if self.integration else integration
        return EventResult(
            event_id=event.id,
            status=self.status,
            verdicts=self.verdicts,
            reason=self.reason,
            integration_id=owner.id if owner and self.status is not EventStatus.UNROUTED else None,
            link_id=self.matched_links[0].id if len(self.matched_links) == 1 else None,
            project_ids=tuple(dict.fromkeys(link.project_id for link in self.matched_links)),
            summary=summary,
        )


def to_processed(subject: str, subject_id: str, reason: str) -> Interpretation:
    """Return the interpretation of an event that was applied to one subject. Add the changes with `replace`."""
    return Interpretation(EventStatus.PROCESSED, verdicts=(Verdict(subject, Outcome.PROCESSED, reason, subject_id),))


def to_ignored(reason: str, *, subject: str = "event", subject_id: str | None = None) -> Interpretation:
    """Return an interpretation that changes nothing, with its reason."""
    verdict = Verdict(subject, Outcome.IGNORED, reason, subject_id)
    return Interpretation(EventStatus.IGNORED, reason, (verdict,))


def to_unrouted() -> Interpretation:
    """Return the interpretation of an event whose installation is not connected."""
    return Interpretation(EventStatus.UNROUTED, "installation_unknown")


def webhook_actor(event: WebhookEvent) -> SystemActor:
    """Return the actor of the changes that an event causes."""
    return SystemActor("webhook", event.delivery_id)


def build_change(before: Entity | None, after: Entity, event: WebhookEvent) -> Change[Entity] | None:
    """Return the change that an event causes, or None if nothing differs."""
    return None if before == after else Change(before, after, webhook_actor(event))
