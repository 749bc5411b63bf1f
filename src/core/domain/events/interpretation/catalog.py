"""Changes of the repositories that an integration can access, and of their links."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core.domain.audit import Change
from core.domain.catalog.catalog import (
    CatalogStep,
    build_catalog_row,
    build_link_event,
    build_repository_event,
    can_be_listed,
    follow_links,
)
from core.domain.catalog.repository import Repository
from core.domain.events.event import EventStatus, WebhookEvent
from core.domain.events.interpretation.view import (
    Interpretation,
    View,
    build_change,
    to_ignored,
    to_processed,
    webhook_actor,
)
from core.domain.install.binding import create_unreachable_events
from core.domain.integrations.integration import Integration
from core.domain.provider_events import (
    AccountRenamed,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryFacts,
    RepositoryStep,
    is_newer,
    is_older,
)
from core.domain.streams.domain_event import DomainEvent, DomainEventType

# Whether a repository is private and archived after a step, if the payload has no value.
_IMPLIED_BY_STEP: Mapping[RepositoryStep, tuple[bool | None, bool | None]] = {
    RepositoryStep.PRIVATIZED: (True, None),
    RepositoryStep.PUBLICIZED: (False, None),
    RepositoryStep.ARCHIVED: (None, True),
    RepositoryStep.UNARCHIVED: (None, False),
}


def interpret_repositories_changed(
    event: WebhookEvent, provider_event: RepositoriesChanged, view: View, integration: Integration
) -> Interpretation:
    """Add and remove catalog rows, and report links to removed repositories as unreachable.

    The lists have no time, and a removal must never be skipped, because a private repository would stay visible. So
    they always apply, and a sync is requested.
    """
    after = integration.request_sync(at=view.now)
    if provider_event.repository_selection:
        after = replace(after, repository_selection=provider_event.repository_selection)
    steps = [
        _add(event, facts, view, integration)
        for facts in provider_event.added
        if can_be_listed(facts, view.repositories.get(facts.repo_id))
    ]
    steps += [_remove(event, facts, view, integration) for facts in provider_event.removed]
    step = build_change(integration, after, event)
    if step and not steps:
        steps = [_report_sync_request("integration", str(integration.external_id))]
    return _merge(steps, step)


def interpret_repository_changed(
    event: WebhookEvent, provider_event: RepositoryChanged, view: View, integration: Integration
) -> Interpretation:
    """Apply a change of one repository to the catalog and its links, by its numeric id."""
    facts = _with_step(provider_event)
    stored = view.repositories.get(facts.repo_id)
    # GitHub sends `transferred` to the new owner; under another owner it is no longer this installation's.
    # https://docs.github.com/webhooks/webhook-events-and-payloads#repository
    moved_away = (
        provider_event.step is RepositoryStep.TRANSFERRED
        and facts.owner_id is not None
        and integration.account_id is not None
        and facts.owner_id != integration.account_id
    )
    if provider_event.step is RepositoryStep.DELETED or moved_away:
        return _remove(event, facts, view, integration)
    if stored and is_older(facts.updated_at, stored.provider_updated_at):
        return to_ignored("older_than_state", subject="repository", subject_id=facts.repo_id)
    needs_sync = not is_newer(facts.updated_at, stored.provider_updated_at if stored else None)
    integration_after = integration.request_sync(at=view.now) if needs_sync else integration
    if not can_be_listed(facts, stored):
        step, integration_after = (
            _report_sync_request("repository", facts.repo_id),
            integration.request_sync(at=view.now),
        )
    elif stored is None or (stored.removed_at and provider_event.step is RepositoryStep.TRANSFERRED):
        step = _add(event, facts, view, integration)
    elif stored.removed_at:
        # A late event must not make a removed repository visible again: the provider is asked instead.
        step, integration_after = (
            _report_sync_request("repository", facts.repo_id),
            integration.request_sync(at=view.now),
        )
    else:
        step = _update(event, replace(provider_event, repository=facts), stored, view, integration)
    return _merge([step], build_change(integration, integration_after, event))


def interpret_account_renamed(
    event: WebhookEvent, provider_event: AccountRenamed, view: View, integration: Integration
) -> Interpretation:
    """Apply a new login to the account and to the names of its repositories."""
    if is_older(provider_event.updated_at, integration.provider_updated_at):
        # The account's clock is not the installation's, so the provider is asked which name is right.
        skipped = to_ignored("older_than_state", subject="integration", subject_id=str(integration.external_id))
        sync_request = build_change(integration, integration.request_sync(at=view.now), event)
        return replace(skipped, integration=sync_request)
    # The stored page has the old name in its path. Until the daily check reads it again, it is built from the name.
    renamed_account = replace(
        integration.request_sync(at=view.now).with_manage_url(None),
        provider_name=provider_event.login,
        provider_url=provider_event.url or integration.provider_url,
    )
    linked = {link.repo_id for link in view.links}
    steps = []
    for stored in view.repositories.values():
        if stored.owner == integration.provider_name and stored.owner != provider_event.login:
            renamed = _under_owner(stored, provider_event.login)
            # Consumers need the names of linked repositories only.
            step = CatalogStep(stored, renamed)
            fact = _repository_event(event, integration, step, "renamed", at=provider_event.updated_at)
            steps.append(
                Interpretation(
                    EventStatus.PROCESSED,
                    repositories=(renamed,),
                    links=follow_links(view.links, stored, renamed, webhook_actor(event)),
                    domain_events=(fact,) if stored.repo_id in linked else (),
                )
            )
    merged = _merge(steps, build_change(integration, renamed_account, event))
    renamed_verdicts = to_processed("integration", str(integration.external_id), "account_renamed").verdicts
    return replace(merged, status=EventStatus.PROCESSED, reason=None, verdicts=renamed_verdicts)


def _add(event: WebhookEvent, facts: RepositoryFacts, view: View, integration: Integration) -> Interpretation:
    stored = view.repositories.get(facts.repo_id)
    row = build_catalog_row(facts, integration.id, stored)
    followed = follow_links(view.links, stored, row, webhook_actor(event))
    added = replace(to_processed("repository", facts.repo_id, "added"), repositories=(row,), links=followed)
    if stored and stored.removed_at is None:
        return added
    restored = tuple(
        build_link_event(link, DomainEventType.LINK_RESTORED, event.created_at, source=event.id)
        for link in view.links
        if link.repo_id == facts.repo_id
    )
    added_event = _repository_event(event, integration, CatalogStep(None, row), "added", at=facts.updated_at)
    return replace(added, domain_events=(added_event, *restored))


def _remove(event: WebhookEvent, facts: RepositoryFacts, view: View, integration: Integration) -> Interpretation:
    stored = view.repositories.get(facts.repo_id)
    removed = to_processed("repository", facts.repo_id, "removed")
    if stored and stored.removed_at:
        # Written anyway: a sync that began before must see that the row was changed since.
        return replace(removed, repositories=(stored,))
    # An unknown repository is stored as removed, so that a sync that began before cannot add it.
    base = stored or build_catalog_row(facts, integration.id)
    updated_at = max(filter(None, (base.provider_updated_at, facts.updated_at)), default=None)
    row = replace(base, removed_at=view.now, provider_updated_at=updated_at)
    return replace(
        removed,
        repositories=(row,),
        domain_events=(
            _repository_event(event, integration, CatalogStep(None, row), "removed", at=facts.updated_at),
            *create_unreachable_events(view.links, (row,), at=view.now, source=event.id),
        ),
    )


def _with_step(provider_event: RepositoryChanged) -> RepositoryFacts:
    """Return the repository facts of the payload, completed by what the kind of change implies."""
    facts = provider_event.repository
    private, archived = _IMPLIED_BY_STEP.get(provider_event.step, (None, None))
    if facts.private is None and private is not None:
        facts = replace(facts, private=private)
    if facts.archived is None and archived is not None:
        facts = replace(facts, archived=archived)
    return facts


def _update(
    event: WebhookEvent, provider_event: RepositoryChanged, stored: Repository, view: View, integration: Integration
) -> Interpretation:
    facts, step = provider_event.repository, provider_event.step.value
    row = build_catalog_row(facts, integration.id, stored)
    # A provider may report a repository that became public twice, by two kinds of events.
    is_news = provider_event.step is not RepositoryStep.PUBLICIZED or stored.private
    fact = _repository_event(event, integration, CatalogStep(stored, row), step, at=facts.updated_at)
    return replace(
        to_processed("repository", stored.repo_id, step),
        repositories=(row,),
        links=follow_links(view.links, stored, row, webhook_actor(event)),
        domain_events=(fact,) if is_news else (),
    )


def _report_sync_request(subject: str, subject_id: str) -> Interpretation:
    return to_processed(subject, subject_id, "reread_requested")


def _repository_event(
    event: WebhookEvent, integration: Integration, step: CatalogStep, change_name: str, *, at: datetime | None
) -> DomainEvent:
    return build_repository_event(integration, step, change_name, at=at or event.created_at, source=event.id)


def _under_owner(repository: Repository, login: str) -> Repository:
    url = repository.url
    if url and url.endswith(f"/{repository.full_name}"):
        url = url.removesuffix(repository.full_name) + f"{login}/{repository.name}"
    return replace(repository, full_name=f"{login}/{repository.name}", url=url)


def _merge(steps: list[Interpretation], integration: Change[Integration] | None) -> Interpretation:
    if not steps and integration is None:
        return to_ignored("nothing_changed")
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=tuple(verdict for step in steps for verdict in step.verdicts),
        integration=integration,
        repositories=tuple(row for step in steps for row in step.repositories),
        links=tuple(link for step in steps for link in step.links),
        domain_events=tuple(fact for step in steps for fact in step.domain_events),
    )
