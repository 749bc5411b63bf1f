from collections.abc import Collection, Iterator, Sequence

from core.domain.attribution.attribution import (
    Attribution,
    AttributionFilter,
    AttributionStatus,
    AttributionView,
    Identities,
    Identity,
    IdentityQuery,
    Kind,
    Method,
    NamedUser,
    match_assigned,
)
from core.domain.attribution.git_authors import AuthorAssignment
from core.domain.connections import Connection, ConnectionStatus
from core.domain.identifiers import OrganizationId, RepoId, UserId
from ports.attributions import AttributionStore
from testing.memory.database import KeptAttribution, Session

_STATUS = {
    Kind.USER: AttributionStatus.MATCHED,
    Kind.NONE: AttributionStatus.UNMATCHED,
    Kind.BOT: AttributionStatus.BOT,
    Kind.IGNORED: AttributionStatus.IGNORED,
}


class MemoryAttributionStore(AttributionStore):
    """Attributions and commit claims in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_identities(
        self, provider: str, people: IdentityQuery, organizations: Collection[OrganizationId]
    ) -> Identities:
        """Return the users with their organizations."""
        emails = self._session.state.emails
        live = [
            one
            for one in self._session.state.connections.values()
            if one.provider == provider and one.status is not ConnectionStatus.REVOKED
        ]
        logins = [one.provider_username.lower() for one in live if one.is_active and one.provider_username]
        return Identities(
            {
                one.provider_user_id: self._identity(one, organizations)
                for one in live
                if one.provider_user_id in people.account_ids
            },
            {
                email: self._identity(one, organizations)
                for one in live
                for email in emails.get(one.id, frozenset()) & people.addresses
            },
            {
                login: self._identity(one, organizations)
                for one in live
                if one.is_active and one.provider_username
                for login in [one.provider_username.lower()]
                if login in people.logins and logins.count(login) == 1
            },
            self._find_members(provider, people, organizations),
            {
                (one.organization_id, one.address): match_assigned(Kind(one.kind.value), self._find_assignee(one))
                for one in self._session.state.author_assignments.values()
                if one.organization_id in organizations and one.address in people.addresses
            },
        )

    def _find_assignee(self, one: AuthorAssignment) -> Identity | None:
        state = self._session.state
        if one.user_id is None or (one.user_id, one.organization_id) not in state.memberships:
            return None
        external_id = state.users[one.user_id].external_id
        return Identity(one.user_id, external_id, one.created_at, frozenset([one.organization_id]))

    def _find_members(
        self, provider: str, people: IdentityQuery, organizations: Collection[OrganizationId]
    ) -> dict[tuple[OrganizationId, str], Identity]:
        state = self._session.state
        found: dict[tuple[OrganizationId, str], list[Identity]] = {}
        for (user_id, integration_id), claim in state.member_claims.items():
            integration, user = state.integrations[integration_id], state.users[user_id]
            organization_id = integration.organization_id
            if (
                integration.provider == provider
                and organization_id in organizations
                and claim.address in people.addresses
                and claim.address == user.email.strip().lower()
                and (user_id, organization_id) in state.memberships
            ):
                identity = Identity(
                    user_id, user.external_id, self._session.database.now(), frozenset([organization_id])
                )
                found.setdefault((organization_id, claim.address), []).append(identity)
        return {key: users[0] for key, users in found.items() if len(users) == 1}

    async def add(self, attributions: Sequence[Attribution]) -> None:
        """Keep what is not known yet."""
        state = await self._session.writable()
        for one in attributions:
            key = one.integration_id, one.repo_id, one.sha, one.role, one.address
            if key not in state.attributions:
                user_id = one.match.user.user_id if one.match.user else None
                state.attributions[key] = KeptAttribution(
                    next(self._session.database.ids),
                    one,
                    one.match.kind,
                    one.match.method,
                    user_id,
                    self._session.database.now(),
                )

    async def list_attributions(
        self, organization_id: OrganizationId, where: AttributionFilter, *, limit: int, before: int | None = None
    ) -> Sequence[AttributionView]:
        """Return at most `limit` attributions, the latest first, those below `before` only."""
        views = [
            view
            for view in map(self._view, self._rows(organization_id, where))
            if where.status in (None, view.status) and (before is None or view.id < before)
        ]
        return sorted(views, key=lambda view: -view.id)[:limit]

    async def list_by_commits(
        self, organization_id: OrganizationId, provider: str, repo_id: RepoId, shas: Collection[str]
    ) -> Sequence[AttributionView]:
        """Return the people of these commits."""
        views = map(self._view, self._rows(organization_id, AttributionFilter()))
        return sorted(
            (one for one in views if (one.provider, one.repo_id) == (provider, repo_id) and one.sha in shas),
            key=lambda view: view.id,
        )

    def _identity(self, connection: Connection, organizations: Collection[OrganizationId]) -> Identity:
        state = self._session.state
        return Identity(
            connection.user_id,
            state.users[connection.user_id].external_id,
            connection.created_at,
            frozenset(one for one in organizations if (connection.user_id, one) in state.memberships),
        )

    def _rows(self, organization_id: OrganizationId, where: AttributionFilter) -> Iterator[KeptAttribution]:
        state = self._session.state
        linked: set[tuple[int, RepoId]] = {
            (link.integration_id, link.repo_id)
            for link in state.links.values()
            if link.project_external_id == where.project_id and link.organization_id == organization_id
        }
        for row in state.attributions.values():
            integration = state.integrations[row.attribution.integration_id]
            of_project = (integration.id, row.attribution.repo_id) in linked
            if integration.organization_id == organization_id and (of_project or where.project_id is None):
                yield row

    def _view(self, row: KeptAttribution) -> AttributionView:
        state, one = self._session.state, row.attribution
        integration = state.integrations[one.integration_id]
        known = state.repositories.get((one.integration_id, one.repo_id))
        user_id, kind, method = row.user_id, row.kind, row.method
        for assignment in state.author_assignments.values():
            if (assignment.organization_id, assignment.address) == (integration.organization_id, one.address):
                user_id, kind, method = assignment.user_id, Kind(assignment.kind.value), Method.ASSIGNED
        user = self._member(user_id, integration.organization_id)
        if kind is Kind.USER and user is None:
            kind, method = Kind.NONE, Method.NOT_A_MEMBER
        return AttributionView(
            id=row.id,
            provider=integration.provider,
            repo_id=one.repo_id,
            repo_full_name=known.full_name if known else None,
            sha=one.sha,
            role=one.role,
            name=one.author.name,
            address=one.address or None,
            username=one.author.username,
            status=_STATUS[kind],
            method=method,
            user=user,
            committed_at=one.committed_at,
            recorded_at=row.recorded_at,
        )

    def _member(self, user_id: UserId | None, organization_id: OrganizationId) -> NamedUser | None:
        state = self._session.state
        if user_id is None or (user_id, organization_id) not in state.memberships:
            return None
        user = state.users[user_id]
        return NamedUser(user.external_id, user.name)
