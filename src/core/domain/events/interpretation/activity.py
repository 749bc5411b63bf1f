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
from core.domain.provider_events import PullRequest, Push
from core.domain.refs import RefType, parse_ref
from core.domain.rules.decision import evaluate_rules
from core.domain.streams.domain_event import DomainEvent, DomainEventType, EventData

# A path can be as long as 4,096 characters, and each event stores its verdicts.
MAX_VALUE = 500


def interpret_push(event: WebhookEvent, push: Push, view: View, integration: Integration) -> Interpretation:
    """Publish a push with its authors to each linked project whose rules select it, and record the time of the push."""
    people = People(Matching(view.identities, integration.organization_id, event.created_at))
    interpretation = _publish_to_links(
        event,
        view,
        integration,
        push,
        event_type=DomainEventType.PUSH,
        occurred_at=push.repository.pushed_at,
        data=lambda full_name, is_production: build_push_data(push, people, full_name, is_production=is_production),
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
    """Publish a pull request with its author and who merged it to each linked project whose rules select it."""
    people = People(Matching(view.identities, integration.organization_id, event.created_at))
    return _publish_to_links(
        event,
        view,
        integration,
        pull,
        event_type=DomainEventType.PULL_REQUEST,
        occurred_at=pull.updated_at,
        data=lambda full_name, is_production: build_pull_request_data(
            pull, people, full_name, is_production=is_production
        ),
    )


def _publish_to_links(
    event: WebhookEvent,
    view: View,
    integration: Integration,
    provider_event: Push | PullRequest,
    *,
    event_type: DomainEventType,
    occurred_at: datetime | None,
    data: Callable[[str, bool], EventData],
) -> Interpretation:
    repository = provider_event.repository
    links = tuple(link for link in view.links if link.repo_id == repository.repo_id)
    if not links:
        return to_ignored("repository_not_linked", subject="repository", subject_id=repository.repo_id)
    verdicts = tuple(_decide(link, provider_event) for link in links)
    selected = [link for link, verdict in zip(links, verdicts, strict=True) if verdict.outcome is Outcome.PROCESSED]
    if not selected:
        reasons = {verdict.reason for verdict in verdicts}
        reason = reasons.pop() if len(reasons) == 1 else "not_delivered"
        return Interpretation(EventStatus.IGNORED, reason, verdicts, matched_links=links)
    full_name, branch = repository.full_name or selected[0].repo_full_name, _find_branch(provider_event)
    # One object for each value, because events that share their data are encoded once.
    data_by_production = {
        is_production: data(full_name, is_production)
        for is_production in {branch == link.default_branch for link in selected}
    }
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
                repo_id=repository.repo_id,
                occurred_at=occurred_at or event.created_at,
                source_event_id=event.id,
                data=data_by_production[branch == link.default_branch],
            )
            for link in selected
        ),
    )


def _decide(link: Link, provider_event: Push | PullRequest) -> Verdict:
    subject_id, project_id = str(link.external_id), link.project_external_id
    if not link.webhooks_enabled:
        return Verdict("link", Outcome.IGNORED, "webhooks_disabled", subject_id, project_id)
    decision = evaluate_rules(link.rules, provider_event, root_directory=link.root_directory)
    outcome = Outcome.PROCESSED if decision.delivers else Outcome.IGNORED
    value = decision.value and decision.value[:MAX_VALUE]
    return Verdict("link", outcome, decision.reason.value, subject_id, project_id, decision.pattern, value)


def _find_branch(provider_event: Push | PullRequest) -> str | None:
    """Return the branch to compare with a link's branch: the pushed branch, or the base of the pull request."""
    if isinstance(provider_event, PullRequest):
        return provider_event.base.ref
    ref_type, name = parse_ref(provider_event.ref)
    return name if ref_type is RefType.BRANCH else None


def _record_push(repository: Repository | None, at: datetime | None) -> tuple[Repository, ...]:
    if repository is None or at is None or (repository.pushed_at and repository.pushed_at >= at):
        return ()
    return (replace(repository, pushed_at=at),)
