from collections.abc import Sequence
from uuid import UUID

from core.domain.attribution.attribution import AttributionFilter, AttributionStatus, AttributionView, NamedUser, Role
from core.domain.attribution.git_authors import (
    AssignmentId,
    AuthorAssignment,
    AuthorCommits,
    AuthorEmail,
    AuthorFilter,
    Candidate,
    GitAuthor,
    Suggestion,
    suggest_users,
)
from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from ports.git_authors import GitAuthorStore
from testing.memory.database import Session
from testing.memory.stores import audited
from testing.memory.stores.attributions import MemoryAttributionStore


class MemoryGitAuthorStore(GitAuthorStore):
    """Authors and assignments in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(
        self, organization_id: OrganizationId, where: AuthorFilter, *, limit: int, before: int | None = None
    ) -> Sequence[GitAuthor]:
        """Group the attributions of the organization, as readers see them."""
        attributions = MemoryAttributionStore(self._session)
        everything = AttributionFilter(project_id=where.project_id)
        views = await attributions.list_attributions(organization_id, everything, limit=2**31)
        groups: dict[tuple[AttributionStatus, UUID | str], list[AttributionView]] = {}
        for view in views:
            if view.user or view.address:
                groups.setdefault((view.status, view.user.id if view.user else view.address or ""), []).append(view)
        authors = [self._author(organization_id, group) for group in groups.values()]
        return [
            author
            for author in authors
            if where.status in (None, author.status)
            and (before is None or author.id < before)
            and (where.since is None or author.last_recorded_at >= where.since)
            and where.query.strip().lower() in _text_of(author)
        ][:limit]

    async def list_commits(self, organization_id: OrganizationId, address: str) -> Sequence[AuthorCommits]:
        """Count the commits of an address in each repository."""
        state = self._session.state
        shas: dict[tuple[IntegrationId, RepoId], set[str]] = {}
        for row in state.attributions.values():
            one = row.attribution
            if one.address == address and state.integrations[one.integration_id].organization_id == organization_id:
                shas.setdefault((one.integration_id, one.repo_id), set()).add(one.sha)
        return [AuthorCommits(*key, len(found)) for key, found in sorted(shas.items())]

    async def find_assignment(self, organization_id: OrganizationId, address: str) -> AuthorAssignment | None:
        """Return the assignment of an address, while nobody else writes."""
        state = await self._session.writable()
        for one in state.author_assignments.values():
            if (one.organization_id, one.address) == (organization_id, address):
                return one
        return None

    async def next_assignment_id(self) -> AssignmentId:
        """Return a new id."""
        return AssignmentId(next(self._session.database.ids))

    async def apply(self, changes: Sequence[Change[AuthorAssignment]]) -> None:
        """Write these steps with their audit versions."""
        await audited.apply(self._session, "author_assignment", lambda state: state.author_assignments, changes)

    def _author(self, organization_id: OrganizationId, group: Sequence[AttributionView]) -> GitAuthor:
        last = group[0]
        addresses = sorted({view.address for view in group if view.address})
        assigned = self._assigned(organization_id)
        is_open = last.status is AttributionStatus.UNMATCHED and not assigned.intersection(addresses)
        return GitAuthor(
            id=last.id,
            status=last.status,
            method=last.method,
            name=last.name,
            username=last.username,
            address=last.address or "",
            emails=sorted(
                (AuthorEmail(address, address in assigned) for address in addresses),
                key=lambda email: (email.is_assigned, email.address),
            ),
            user=last.user,
            commits=len(group),
            last_committed_at=last.committed_at,
            last_recorded_at=last.recorded_at,
            projects=self._projects(organization_id, group),
            suggestions=self._suggest(organization_id, last, group) if is_open else (),
        )

    def _assigned(self, organization_id: OrganizationId) -> set[str]:
        assignments = self._session.state.author_assignments.values()
        return {one.address for one in assignments if one.organization_id == organization_id}

    def _projects(self, organization_id: OrganizationId, group: Sequence[AttributionView]) -> Sequence[NamedUser]:
        state = self._session.state
        repositories = {(view.provider, view.repo_id) for view in group}
        projects = {
            link.project_id: state.projects[link.project_id]
            for link in state.links.values()
            if link.organization_id == organization_id and (link.provider, link.repo_id) in repositories
        }
        found = sorted(projects.values(), key=lambda project: (project.name, project.id))
        return [NamedUser(project.external_id, project.name) for project in found]

    def _suggest(
        self, organization_id: OrganizationId, last: AttributionView, group: Sequence[AttributionView]
    ) -> Sequence[Suggestion]:
        state = self._session.state
        members = [
            state.users[user_id]
            for user_id, integration_id in state.member_claims
            if state.integrations[integration_id].organization_id == organization_id
            and (user_id, organization_id) in state.memberships
        ]
        candidates = [
            Candidate(
                NamedUser(user.external_id, user.name),
                user.email,
                [
                    one.provider_username
                    for one in state.connections.values()
                    if one.user_id == user.id and one.provider_username
                ],
            )
            for user in members
        ]
        return suggest_users(last.name, last.address or "", last.username, candidates, self._find_pair(group[:20]))

    def _find_pair(self, group: Sequence[AttributionView]) -> UUID | None:
        """Return the user who wrote all of these commits that name the address as co-author."""
        state = self._session.state
        shas = {(view.repo_id, view.sha) for view in group if view.role is Role.CO_AUTHOR}
        users = {
            row.user_id
            for row in state.attributions.values()
            if (row.attribution.repo_id, row.attribution.sha) in shas and row.attribution.role is Role.AUTHOR
        }
        [user_id] = users if len(shas) > 1 and len(users) == 1 else [None]
        return state.users[user_id].external_id if user_id else None


def _text_of(author: GitAuthor) -> str:
    parts = [author.name, author.username, author.user.name if author.user else None]
    return "\n".join(part for part in (*parts, *(email.address for email in author.emails)) if part).lower()
