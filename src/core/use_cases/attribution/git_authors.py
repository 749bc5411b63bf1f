from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from core.domain.actors import Actor
from core.domain.attribution.commit_claims import ClaimedCommits, build_claim_events
from core.domain.attribution.git_authors import (
    AssigneeNotFound,
    AssignmentKind,
    AuthorAssignment,
    AuthorCommits,
    AuthorFilter,
    GitAuthor,
    author_not_found,
    parse_author_key,
)
from core.domain.audit import Change
from core.domain.organizations import Organization, User
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class GitAuthorPage:
    """One page of authors; the following page holds those below `next`."""

    authors: Sequence[GitAuthor]
    next: int | None


@dataclass(frozen=True, slots=True)
class ListGitAuthors:
    """List the authors of an organization's commits: one for each member, and one for each address without a member."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, where: AuthorFilter, limit: int = 50, before: int | None = None
    ) -> GitAuthorPage:
        """Return at most `limit` authors below `before`, the last recorded first.

        A project of another organization has no authors. Raises `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        async with self.unit_of_work() as tx:
            authors = await tx.git_authors.list(organization.id, where, limit=limit + 1, before=before)
        return GitAuthorPage(authors[:limit], authors[limit - 1].id if len(authors) > limit else None)


@dataclass(frozen=True, slots=True)
class AssignGitAuthor:
    """Assign all commits with an address to a member, or mark the address as a bot or as ignored.

    The assignment is in effect for past and future commits as soon as it is stored.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, key: str, kind: AssignmentKind, user_id: UUID | None
    ) -> AuthorAssignment:
        """Return the assignment; `user_id` is required for the kind USER. An equal assignment changes nothing.

        Raises `GitAuthorNotFound`, `AssigneeNotFound`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.ASSIGN, organization_id)
        address = parse_author_key(key)
        user = await self._find_member(organization, user_id) if kind is AssignmentKind.USER else None
        async with self.unit_of_work() as tx:
            current = await tx.git_authors.find_assignment(organization.id, address)
            commits = await tx.git_authors.list_commits(organization.id, address)
            if current is None and not commits:
                raise author_not_found()
            at = self.clock.now()
            if current is None:
                assignment = AuthorAssignment(
                    id=await tx.git_authors.next_assignment_id(),
                    external_id=uuid4(),
                    organization_id=organization.id,
                    address=address,
                    kind=kind,
                    user_id=user.id if user else None,
                    assignee=user.external_id if user else None,
                    created_at=at,
                    updated_at=at,
                )
            else:
                assignment = replace(
                    current, kind=kind, user_id=user.id if user else None, assignee=user.external_id if user else None
                )
            if assignment != current:
                await tx.git_authors.apply([Change(current, assignment, actor)])
                if user is not None:
                    await self._publish(tx, organization, user, commits)
                await tx.commit()
        return assignment

    async def _find_member(self, organization: Organization, user_id: UUID | None) -> User:
        members = await self.access_control.directory.find_members(organization.id, [user_id] if user_id else [])
        if user_id is None or user_id not in members:
            raise AssigneeNotFound("The user does not exist, or is not a member of the organization. Choose a member.")
        return members[user_id]

    async def _publish(
        self, tx: Transaction, organization: Organization, user: User, commits: Sequence[AuthorCommits]
    ) -> None:
        links = await tx.links.list_by_repositories({(one.integration_id, one.repo_id) for one in commits})
        for integration_id in {one.integration_id for one in commits}:
            claimed = [
                ClaimedCommits(user.external_id, one.repo_id, one.commits)
                for one in commits
                if one.integration_id == integration_id
            ]
            events = build_claim_events(organization.id, integration_id, claimed, links, at=self.clock.now())
            await tx.domain_events.append(events)


@dataclass(frozen=True, slots=True)
class UnassignGitAuthor:
    """Delete the assignment of an address, so that its commits are attributed as without the assignment."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(self, actor: Actor, *, organization_id: UUID, key: str) -> None:
        """Delete the assignment, if the address has one.

        Raises `GitAuthorNotFound`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.ASSIGN, organization_id)
        address = parse_author_key(key)
        async with self.unit_of_work() as tx:
            current = await tx.git_authors.find_assignment(organization.id, address)
            if current is not None:
                await tx.git_authors.apply([Change(current, None, actor)])
                await tx.commit()
            elif not await tx.git_authors.list_commits(organization.id, address):
                raise author_not_found()
