"""What an integration may see, and the links that follow it. A link never crosses integrations."""

from dataclasses import replace
from datetime import datetime

from core.domain.changes import Change
from core.domain.domain_events import DomainEvent, DomainEventType, LinkData, RepositoryData
from core.domain.events import Event, EventStatus, Outcome, Verdict
from core.domain.integrations import Integration
from core.domain.interpretation.view import (
    Interpretation,
    View,
    change,
    ignored,
    is_newer,
    is_older,
)
from core.domain.links import Link
from core.domain.notices import (
    AccountRenamed,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryFacts,
    RepositoryStep,
)
from core.domain.repositories import Repository


def interpret_repositories_changed(
    event: Event, notice: RepositoriesChanged, view: View, integration: Integration
) -> Interpretation:
    """Add and remove catalog rows, and mark links to removed repositories unreachable.

    The lists carry no time of their own, and a removal must never be skipped (it would go on showing a
    private repository), so they always apply and a re-read is requested.
    """
    after = integration.sync_wanted(at=view.now)
    if notice.repository_selection:
        after = replace(after, repository_selection=notice.repository_selection)
    steps = [_added(event, facts, view, integration) for facts in notice.added]
    steps += [_removed(event, facts, view, integration) for facts in notice.removed]
    step = change(integration, after, event)
    if step and not steps:
        steps = [_reread("integration", str(integration.external_id))]
    return _merged(steps, step)


def interpret_repository_changed(
    event: Event, notice: RepositoryChanged, view: View, integration: Integration
) -> Interpretation:
    """Let catalog and links follow one repository by its numeric id."""
    facts = notice.repository
    known = view.repositories.get(facts.repo_id)
    # GitHub sends `transferred` to the new owner; under another owner it is no longer this installation's.
    # https://docs.github.com/webhooks/webhook-events-and-payloads#repository
    left = (
        notice.step is RepositoryStep.TRANSFERRED
        and facts.owner_id is not None
        and integration.account_id is not None
        and facts.owner_id != integration.account_id
    )
    if notice.step is RepositoryStep.DELETED or left:
        return _removed(event, facts, view, integration)
    if known and is_older(facts.updated_at, known.provider_updated_at):
        return ignored("older_than_state", subject="repository", subject_id=facts.repo_id)
    reread = not is_newer(facts.updated_at, known.provider_updated_at if known else None)
    wanted = integration.sync_wanted(at=view.now) if reread else integration
    if known is None or (known.removed_at and notice.step is RepositoryStep.TRANSFERRED):
        step = _added(event, facts, view, integration)
    elif known.removed_at:
        # A late fact must not bring back into sight what was hidden: the provider is asked instead.
        step, wanted = _reread("repository", facts.repo_id), integration.sync_wanted(at=view.now)
    else:
        step = _followed(event, notice, known, view, integration)
    return _merged([step], change(integration, wanted, event))


def interpret_account_renamed(
    event: Event, notice: AccountRenamed, view: View, integration: Integration
) -> Interpretation:
    """Let the account's name and every name below it follow a new login."""
    if is_older(notice.updated_at, integration.provider_updated_at):
        # The account's clock is not the installation's, so the provider is asked which name is right.
        skipped = ignored("older_than_state", subject="integration", subject_id=str(integration.external_id))
        reread = change(integration, integration.sync_wanted(at=view.now), event)
        return replace(skipped, integration=reread)
    renamed_account = replace(
        integration.sync_wanted(at=view.now),
        provider_name=notice.login,
        provider_url=notice.url or integration.provider_url,
    )
    linked = {link.repo_id for link in view.links}
    steps = []
    for known in view.repositories.values():
        if known.owner == integration.provider_name and known.owner != notice.login:
            renamed = _under_owner(known, notice.login)
            # Consumers keep names of linked repositories only; telling them of all would be noise.
            fact = _repository_event(
                event, integration, renamed, "renamed", at=notice.updated_at, before=known
            )
            steps.append(
                Interpretation(
                    EventStatus.PROCESSED,
                    repositories=(renamed,),
                    links=follow_links(event, view.links, known, renamed),
                    domain_events=(fact,) if known.repo_id in linked else (),
                )
            )
    verdict = Verdict("integration", Outcome.PROCESSED, "account_renamed", str(integration.external_id))
    merged = _merged(steps, change(integration, renamed_account, event))
    return replace(merged, status=EventStatus.PROCESSED, reason=None, verdicts=(verdict,))


def catalog_row(
    facts: RepositoryFacts, integration: Integration, known: Repository | None = None
) -> Repository:
    """Return the catalog row after these facts; what they do not say stays as it was."""
    base = known or Repository(integration.id, facts.repo_id, facts.full_name)
    return replace(
        base,
        full_name=facts.full_name,
        url=facts.url or base.url,
        private=facts.private,
        archived=base.archived if facts.archived is None else facts.archived,
        fork=base.fork if facts.fork is None else facts.fork,
        default_branch=facts.default_branch or base.default_branch,
        description=facts.description if facts.whole else base.description,
        language=facts.language if facts.whole else base.language,
        pushed_at=facts.pushed_at or base.pushed_at,
        provider_updated_at=facts.updated_at or base.provider_updated_at,
        removed_at=None,
    )


def follow_links(
    event: Event, links: tuple[Link, ...], before: Repository | None, after: Repository
) -> tuple[Change[Link], ...]:
    """Return the links' steps that follow a repository's name, address and default branch.

    A default branch chosen by the project's people stays; one that only mirrored the old default follows.
    """
    changes = []
    for link in links:
        if link.repo_id != after.repo_id:
            continue
        mirrored = before is not None and link.default_branch == before.default_branch
        followed = replace(
            link,
            repo_full_name=after.full_name,
            repo_url=after.url or link.repo_url,
            default_branch=(after.default_branch or link.default_branch) if mirrored else link.default_branch,
        )
        step = change(link, followed, event)
        if step:
            changes.append(step)
    return tuple(changes)


def link_event(
    event: Event, link: Link, event_type: DomainEventType, at: datetime, reason: str | None = None
) -> DomainEvent:
    """Return the fact that a link was lost or came back."""
    return DomainEvent(
        type=event_type,
        organization_id=link.organization_id,
        integration_id=link.integration_id,
        project_id=link.project_id,
        link_id=link.id,
        repo_id=link.repo_id,
        occurred_at=at,
        source_event_id=event.id,
        data=LinkData(link.external_id, link.repo_id, link.repo_full_name, reason),
    )


def _added(event: Event, facts: RepositoryFacts, view: View, integration: Integration) -> Interpretation:
    known = view.repositories.get(facts.repo_id)
    row = catalog_row(facts, integration, known)
    verdict = Verdict("repository", Outcome.PROCESSED, "added", facts.repo_id)
    followed = follow_links(event, view.links, known, row)
    if known and known.removed_at is None:
        return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,), repositories=(row,), links=followed)
    restored = tuple(
        link_event(event, link, DomainEventType.LINK_RESTORED, event.created_at)
        for link in view.links
        if link.repo_id == facts.repo_id
    )
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=(verdict,),
        repositories=(row,),
        links=followed,
        domain_events=(_repository_event(event, integration, row, "added", at=facts.updated_at), *restored),
    )


def _removed(event: Event, facts: RepositoryFacts, view: View, integration: Integration) -> Interpretation:
    known = view.repositories.get(facts.repo_id)
    verdict = Verdict("repository", Outcome.PROCESSED, "removed", facts.repo_id)
    if known and known.removed_at:
        return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,))
    # A row we never had is kept as removed, so that a sync that began before cannot bring it in.
    base = known or catalog_row(facts, integration)
    told = max(filter(None, (base.provider_updated_at, facts.updated_at)), default=None)
    row = replace(base, removed_at=view.now, provider_updated_at=told)
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=(verdict,),
        repositories=(row,),
        domain_events=(
            _repository_event(event, integration, row, "removed", at=facts.updated_at),
            *unreachable(event, view.links, row, view.now),
        ),
    )


def unreachable(
    event: Event, links: tuple[Link, ...], repository: Repository, now: datetime
) -> tuple[DomainEvent, ...]:
    """Return the facts that a removed repository's links are unreachable; the links themselves stay."""
    return tuple(
        link_event(event, link, DomainEventType.LINK_UNREACHABLE, now, "repository_removed")
        for link in links
        if link.repo_id == repository.repo_id
    )


def _followed(
    event: Event, notice: RepositoryChanged, known: Repository, view: View, integration: Integration
) -> Interpretation:
    facts, step = notice.repository, notice.step.value
    row = catalog_row(facts, integration, known)
    verdict = Verdict("repository", Outcome.PROCESSED, step, known.repo_id)
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=(verdict,),
        repositories=(row,),
        links=follow_links(event, view.links, known, row),
        domain_events=(_repository_event(event, integration, row, step, at=facts.updated_at, before=known),),
    )


def _reread(subject: str, subject_id: str) -> Interpretation:
    verdict = Verdict(subject, Outcome.PROCESSED, "reread_requested", subject_id)
    return Interpretation(EventStatus.PROCESSED, verdicts=(verdict,))


def _repository_event(
    event: Event,
    integration: Integration,
    row: Repository,
    word: str,
    *,
    at: datetime | None,
    before: Repository | None = None,
) -> DomainEvent:
    renamed = before is not None and before.full_name != row.full_name
    event_type = {
        "added": DomainEventType.REPOSITORY_ADDED,
        "removed": DomainEventType.REPOSITORY_REMOVED,
    }.get(word, DomainEventType.REPOSITORY_RENAMED if renamed else DomainEventType.REPOSITORY_UPDATED)
    return DomainEvent(
        type=event_type,
        organization_id=integration.organization_id,
        integration_id=integration.id,
        repo_id=row.repo_id,
        occurred_at=at or event.created_at,
        source_event_id=event.id,
        data=RepositoryData(
            repo_id=row.repo_id,
            full_name=row.full_name,
            url=row.url,
            private=row.private,
            archived=row.archived,
            default_branch=row.default_branch,
            change=word,
            previous_full_name=before.full_name if before and renamed else None,
        ),
    )


def _under_owner(repository: Repository, login: str) -> Repository:
    url = repository.url
    if url and url.endswith(f"/{repository.full_name}"):
        url = url.removesuffix(repository.full_name) + f"{login}/{repository.name}"
    return replace(repository, full_name=f"{login}/{repository.name}", url=url)


def _merged(steps: list[Interpretation], integration: Change[Integration] | None) -> Interpretation:
    if not steps and integration is None:
        return ignored("nothing_changed")
    return Interpretation(
        EventStatus.PROCESSED,
        verdicts=tuple(verdict for step in steps for verdict in step.verdicts),
        integration=integration,
        repositories=tuple(row for step in steps for row in step.repositories),
        links=tuple(link for step in steps for link in step.links),
        domain_events=tuple(fact for step in steps for fact in step.domain_events),
    )
