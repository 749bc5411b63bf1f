"""Pushes and pull requests in a linked repository."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from core.domain.attribution.attribution import Matching
from core.domain.catalog.repository import Repository
from core.domain.events.event import EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.events.interpretation.event_data import (
    People,
    build_attributions,
    build_pull_request_data,
    build_push_data,
)
from core.domain.events.interpretation.view import Interpretation, View, to_ignored
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.provider_events import PullRequest, Push, RepositoryFacts
from core.domain.streams.domain_event import DomainEvent, DomainEventType, EventData


def interpret_push(event: WebhookEvent, push: Push, view: View, integration: Integration) -> Interpretation:
    """Publish a push with its authors to every linked project, and record when the repository was pushed to."""
    people = People(Matching(view.identities, integration.organization_id, event.created_at))
    interpretation = _publish_to_links(
        event,
        view,
        integration,
        repository=push.repository,
        event_type=DomainEventType.PUSH,
        occurred_at=push.repository.pushed_at,
        data=lambda full_name: build_push_data(push, people, full_name),
    )
    repository = view.repositories.get(push.repository.repo_id)
    return replace(
        interpretation,
        repositories=_record_push(repository, push.repository.pushed_at),
        attributions=build_attributions(push, integration.id, people) if interpretation.domain_events else (),
    )


def interpret_pull_request(
    event: WebhookEvent, pull: PullRequest, view: View, integration: Integration
) -> Interpretation:
    """Publish a pull request with its author and who merged it to every linked project."""
    people = People(Matching(view.identities, integration.organization_id, event.created_at))
    return _publish_to_links(
        event,
        view,
        integration,
        repository=pull.repository,
        event_type=DomainEventType.PULL_REQUEST,
        occurred_at=pull.updated_at,
        data=lambda full_name: build_pull_request_data(pull, people, full_name),
    )


def _publish_to_links(
    event: WebhookEvent,
    view: View,
    integration: Integration,
    *,
    repository: RepositoryFacts,
    event_type: DomainEventType,
    occurred_at: datetime | None,
    data: Callable[[str], EventData],
) -> Interpretation:
    repo_id = repository.repo_id
    links = tuple(link for link in view.links if link.repo_id == repo_id)
    if not links:
        return to_ignored("repository_not_linked", subject="repository", subject_id=repo_id)
    verdicts = tuple(_verdict(link) for link in links)
    listening = tuple(link for link in links if link.webhooks_enabled)
    if not listening:
        return Interpretation(EventStatus.IGNORED, "webhooks_disabled", verdicts, matched_links=links)
    shared = data(repository.full_name or listening[0].repo_full_name)
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=verdicts,
        matched_links=links,
        domain_events=tuple(
            DomainEvent(
                type=event_type,
                organization_id=integration.organization_id,
                integration_id=integration.id,
                project_id=link.project_id,
                link_id=link.id,
                repo_id=repo_id,
                occurred_at=occurred_at or event.created_at,
                source_event_id=event.id,
                data=shared,
            )
            for link in listening
        ),
    )


def _verdict(link: Link) -> Verdict:
    outcome, reason = (
        (Outcome.PROCESSED, "delivered") if link.webhooks_enabled else (Outcome.IGNORED, "webhooks_disabled")
    )
    return Verdict("link", outcome, reason, str(link.external_id), link.project_external_id)


def _record_push(repository: Repository | None, at: datetime | None) -> tuple[Repository, ...]:
    if repository is None or at is None or (repository.pushed_at and repository.pushed_at >= at):
        return ()
    return (replace(repository, pushed_at=at),)
