"""How the catalog and its links change with the provider's events and repository lists.

Lists show what events missed: the first state of the catalog, and changes of lost events.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.catalog.repository import Repository
from core.domain.identifiers import EventId, IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.provider_events import RepositoryFacts, is_older
from core.domain.streams.domain_event import DomainEvent, DomainEventType, LinkData, RepositoryData


@dataclass(frozen=True, slots=True)
class CatalogStep:
    """The change of one catalog row from `before` (None: it is new) to `after`."""

    before: Repository | None
    after: Repository

    @property
    def is_appearance(self) -> bool:
        """Whether the repository becomes accessible."""
        return self.after.removed_at is None and (self.before is None or self.before.removed_at is not None)

    @property
    def is_removal(self) -> bool:
        """Whether the repository stops being accessible."""
        return self.after.removed_at is not None and not (self.before and self.before.removed_at)


def build_catalog_row(
    facts: RepositoryFacts, integration_id: IntegrationId, stored: Repository | None = None
) -> Repository:
    """Return the catalog row after these facts; fields without a fact keep their value.

    A new row without a name can only record a removal: check `can_be_listed` before you list it.
    """
    base = stored or Repository(integration_id, facts.repo_id, facts.full_name or "")
    private = base.private if facts.private is None else facts.private
    return replace(
        base,
        full_name=facts.full_name or base.full_name,
        url=facts.url or base.url,
        private=private,
        stored_visibility=_visibility(facts, base, private=private),
        archived=base.archived if facts.archived is None else facts.archived,
        fork=base.fork if facts.fork is None else facts.fork,
        default_branch=facts.default_branch or base.default_branch,
        description=facts.description if facts.whole else base.description,
        language=facts.language if facts.whole else base.language,
        pushed_at=facts.pushed_at or base.pushed_at,
        provider_updated_at=facts.updated_at or base.provider_updated_at,
        removed_at=None,
        topics=base.topics if facts.topics is None else facts.topics,
    )


def can_be_listed(facts: RepositoryFacts, stored: Repository | None) -> bool:
    """Return whether a repository has a name, now or from before, so that people can find it."""
    return bool(facts.full_name or (stored and stored.full_name))


def _visibility(facts: RepositoryFacts, base: Repository, *, private: bool) -> str | None:
    """Return the visibility to store: the provider's value, unless it contradicts `private`."""
    said = facts.visibility or (base.stored_visibility if base.private == private else None)
    return said if said is None or (said != "public") == private else None


def follow_links(
    links: Iterable[Link], before: Repository | None, after: Repository, by: Actor
) -> tuple[Change[Link], ...]:
    """Return the changes of links after a repository's name, address or default branch changed.

    A default branch that a user chose stays. A default branch that equals the old default follows.
    """
    changes = []
    for link in links:
        if link.repo_id != after.repo_id:
            continue
        mirrored = before is not None and link.default_branch == before.default_branch
        renamed = link.repo_full_name != after.full_name
        followed = replace(
            link,
            repo_full_name=after.full_name,
            previous_full_name=link.repo_full_name if renamed else link.previous_full_name,
            repo_url=after.url or link.repo_url,
            default_branch=(after.default_branch or link.default_branch) if mirrored else link.default_branch,
        )
        if followed != link:
            changes.append(Change(link, followed, by))
    return tuple(changes)


def build_link_event(
    link: Link, event_type: DomainEventType, at: datetime, *, reason: str | None = None, source: EventId | None = None
) -> DomainEvent:
    """Return the domain event of a link that became unreachable or was restored."""
    return DomainEvent(
        type=event_type,
        organization_id=link.organization_id,
        integration_id=link.integration_id,
        project_id=link.project_id,
        link_id=link.id,
        repo_id=link.repo_id,
        occurred_at=at,
        source_event_id=source,
        data=LinkData(link.external_id, link.repo_id, link.repo_full_name, reason),
    )


def build_repository_event(
    integration: Integration, step: CatalogStep, word: str, *, at: datetime, source: EventId | None = None
) -> DomainEvent:
    """Return the domain event of a repository that was added, removed, renamed or changed; `word` names the change."""
    before, after = step.before, step.after
    renamed = before is not None and before.full_name != after.full_name
    event_type = {"added": DomainEventType.REPOSITORY_ADDED, "removed": DomainEventType.REPOSITORY_REMOVED}.get(
        word, DomainEventType.REPOSITORY_RENAMED if renamed else DomainEventType.REPOSITORY_UPDATED
    )
    return DomainEvent(
        type=event_type,
        organization_id=integration.organization_id,
        integration_id=integration.id,
        repo_id=after.repo_id,
        occurred_at=at,
        source_event_id=source,
        data=RepositoryData(
            repo_id=after.repo_id,
            full_name=after.full_name,
            url=after.url,
            private=after.private,
            archived=after.archived,
            default_branch=after.default_branch,
            change=word,
            previous_full_name=before.full_name if before and renamed else None,
        ),
    )


@dataclass(frozen=True, slots=True)
class Consequences:
    """The changes of links and the domain events that follow from changes of catalog rows."""

    links: Sequence[Change[Link]]
    domain_events: Sequence[DomainEvent]


def is_complete(totals: Collection[int], listed: Collection[RepoId]) -> bool:
    """Return whether a list showed all repositories, so that an absent repository is gone.

    Pages are read at different times. If two pages report different totals, a repository may have moved to a page
    that was read before, and may be missing from the list.
    """
    return set(totals) == {len(listed)}


def build_listed_steps(
    integration_id: IntegrationId, listed: Iterable[RepositoryFacts], stored: Mapping[RepoId, Repository]
) -> list[CatalogStep]:
    """Return the changes of rows that the list shows differently.

    The list may be older than the events: facts older than the row change nothing.
    """
    steps = []
    for facts in listed:
        before = stored.get(facts.repo_id)
        if before is not None and is_older(facts.updated_at, before.provider_updated_at):
            continue
        if not can_be_listed(facts, before):
            continue
        after = build_catalog_row(facts, integration_id, before)
        if after != before:
            steps.append(CatalogStep(before, after))
    return steps


def build_unlisted_steps(rows: Iterable[Repository], *, at: datetime) -> list[CatalogStep]:
    """Return the changes of rows that a complete list does not show."""
    return [CatalogStep(row, replace(row, removed_at=at)) for row in rows]


def derive_consequences(
    integration: Integration, steps: Sequence[CatalogStep], links: Collection[Link], *, at: datetime, by: Actor
) -> Consequences:
    """Return the changes of links and the domain events that follow from these catalog changes.

    Changes of linked repositories are always published. The repositories of the first sync are not: there may be ten
    thousand. Of an account's new name, only the new names of linked repositories are published.
    """
    followed: list[Change[Link]] = []
    facts: list[DomainEvent] = []
    for step in steps:
        repository_links = [link for link in links if link.repo_id == step.after.repo_id]
        if step.is_removal:
            facts.append(build_repository_event(integration, step, "removed", at=at))
            lost_event = DomainEventType.LINK_UNREACHABLE
            facts += [build_link_event(link, lost_event, at, reason="repository_removed") for link in repository_links]
            continue
        followed += follow_links(repository_links, step.before, step.after, by)
        if step.is_appearance:
            if integration.synced_at is not None:
                facts.append(build_repository_event(integration, step, "added", at=at))
            facts += [build_link_event(link, DomainEventType.LINK_RESTORED, at) for link in repository_links]
        elif (word := _word(step)) and (repository_links or not _only_owner_renamed(step)):
            facts.append(build_repository_event(integration, step, word, at=at))
    return Consequences(followed, facts)


def _word(step: CatalogStep) -> str | None:
    """Return the provider's word for the change, or None if it is not published."""
    before, after = step.before, step.after
    if before is None:
        return None
    if before.full_name != after.full_name:
        return "renamed"
    if before.archived != after.archived:
        return "archived" if after.archived else "unarchived"
    if before.private != after.private:
        return "privatized" if after.private else "publicized"
    return None if (before.default_branch, before.url) == (after.default_branch, after.url) else "edited"


def _only_owner_renamed(step: CatalogStep) -> bool:
    before, after = step.before, step.after
    return (
        before is not None
        and before.owner != after.owner
        and (before.name, before.archived, before.private, before.default_branch)
        == (after.name, after.archived, after.private, after.default_branch)
    )
