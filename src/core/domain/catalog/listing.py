"""What a full listing of an installation's repositories changes, and whom that is told.

Listing is for what events did not tell: the catalog's beginning, and whatever was lost on the way.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.actors import Actor
from core.domain.audit.changes import Change
from core.domain.catalog.catalog import (
    CatalogStep,
    build_catalog_row,
    build_link_event,
    build_repository_event,
    can_be_listed,
    follow_links,
)
from core.domain.catalog.repository import Repository
from core.domain.events.interpretation.view import is_older
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.provider_events import RepositoryFacts
from core.domain.streams.domain_event import DomainEvent, DomainEventType


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from steps of catalog rows that were written."""

    links: Sequence[Change[Link]]
    domain_events: Sequence[DomainEvent]


def is_complete(totals: Collection[int], listed: Collection[RepoId]) -> bool:
    """Tell whether a listing showed everything, so that what it did not show is gone.

    Pages are of different moments: where one of them was told another total, something moved from a page not
    yet read to one read already, or the other way round, and may be missing though it is there.
    """
    return set(totals) == {len(listed)}


def build_listed_steps(
    integration_id: IntegrationId, listed: Iterable[RepositoryFacts], known: Mapping[RepoId, Repository]
) -> list[CatalogStep]:
    """Return the steps of rows that are listed otherwise than we know them.

    The listing may lag behind the events: what is older than the row changes nothing.
    """
    steps = []
    for facts in listed:
        before = known.get(facts.repo_id)
        if before is not None and is_older(facts.updated_at, before.provider_updated_at):
            continue
        if not can_be_listed(facts, before):
            continue
        after = build_catalog_row(facts, integration_id, before)
        if after != before:
            steps.append(CatalogStep(before, after))
    return steps


def build_unlisted_steps(rows: Iterable[Repository], *, at: datetime) -> list[CatalogStep]:
    """Return the steps of rows that a complete listing does not show."""
    return [CatalogStep(row, replace(row, removed_at=at)) for row in rows]


def derive_consequences(
    integration: Integration, steps: Sequence[CatalogStep], links: Collection[Link], *, at: datetime, by: Actor
) -> Consequences:
    """Return how links follow these steps and what consumers are told of them.

    Links are always told of. What the first sync fills in is not: it may be ten thousand repositories, and
    they are no news. Nor is an account's new name, repository by repository, save of linked ones.
    """
    followed: list[Change[Link]] = []
    facts: list[DomainEvent] = []
    for step in steps:
        own = [link for link in links if link.repo_id == step.after.repo_id]
        if step.is_removal:
            facts.append(build_repository_event(integration, step, "removed", at=at))
            lost = DomainEventType.LINK_UNREACHABLE
            facts += [build_link_event(link, lost, at, reason="repository_removed") for link in own]
            continue
        followed += follow_links(own, step.before, step.after, by)
        if step.is_appearance:
            if integration.synced_at is not None:
                facts.append(build_repository_event(integration, step, "added", at=at))
            facts += [build_link_event(link, DomainEventType.LINK_RESTORED, at) for link in own]
        elif (word := _word(step)) and (own or not _only_owner_renamed(step)):
            facts.append(build_repository_event(integration, step, word, at=at))
    return Consequences(followed, facts)


def _word(step: CatalogStep) -> str | None:
    """Name the change as events of the provider would; None where consumers are told of nothing in it."""
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
