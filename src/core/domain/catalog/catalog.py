"""How the catalog and its links follow what a provider tells of repositories, by event or by listing."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.actors import Actor
from core.domain.audit.changes import Change
from core.domain.catalog.repository import Repository
from core.domain.identifiers import EventId, IntegrationId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.provider_events import RepositoryFacts
from core.domain.streams.domain_event import DomainEvent, DomainEventType, LinkData, RepositoryData


@dataclass(frozen=True, slots=True)
class CatalogStep:
    """One row's step from `before` (None: it is new) to `after`."""

    before: Repository | None
    after: Repository

    @property
    def is_appearance(self) -> bool:
        """Whether the repository comes into sight."""
        return self.after.removed_at is None and (self.before is None or self.before.removed_at is not None)

    @property
    def is_removal(self) -> bool:
        """Whether the repository goes out of sight."""
        return self.after.removed_at is not None and not (self.before and self.before.removed_at)


def build_catalog_row(
    facts: RepositoryFacts, integration_id: IntegrationId, known: Repository | None = None
) -> Repository:
    """Return the catalog row after these facts; fields without a fact keep their value.

    A new row without a name can only record a removal: check `can_be_listed` before you list it.
    """
    base = known or Repository(integration_id, facts.repo_id, facts.full_name or "")
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


def can_be_listed(facts: RepositoryFacts, known: Repository | None) -> bool:
    """Return whether a repository has a name, now or from before, so that people can find it."""
    return bool(facts.full_name or (known and known.full_name))


def _visibility(facts: RepositoryFacts, base: Repository, *, private: bool) -> str | None:
    """Return the visibility to store: the provider's value, unless it contradicts `private`."""
    said = facts.visibility or (base.stored_visibility if base.private == private else None)
    return said if said is None or (said != "public") == private else None


def follow_links(
    links: Iterable[Link], before: Repository | None, after: Repository, by: Actor
) -> tuple[Change[Link], ...]:
    """Return the links' steps that follow a repository's name, address and default branch.

    A default branch chosen by the project's people stays; one that only mirrored the old default follows.
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
    """Return the fact that a link was lost or came back."""
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
    """Return the fact that a repository was added, removed, renamed or changed; `word` says how."""
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
