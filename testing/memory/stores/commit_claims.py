from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from core.domain.attribution.attribution import Kind, Method
from core.domain.attribution.commit_claims import ClaimedCommits, ClaimResult, CommitClaims
from core.domain.connections import Connection, ConnectionStatus
from core.domain.identifiers import ConnectionId, IntegrationId, RepoId, UserId
from ports.commit_claims import CommitClaimStore
from testing.memory.database import KeptAttribution, MemberClaim, Session

_STRONGEST_FIRST = (Method.NOREPLY_ID, Method.VERIFIED_ADDRESS, Method.USERNAME, Method.MEMBER_ADDRESS)


class MemoryCommitClaimStore(CommitClaimStore):
    """Commit claims in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request(self, connection_id: ConnectionId) -> None:
        """Let a connection look, or look again, wherever its user is a member now."""
        claims = (await self._session.writable()).commit_claims
        for key in self._possible():
            if key[0] == connection_id:
                claims.pop(key, None)
                claims[key] = False

    async def follow_memberships(self) -> int:
        """Add the claims that memberships give and remove those they gave; return how many are new."""
        claims, possible = (await self._session.writable()).commit_claims, self._possible()
        for key in [key for key in claims if key not in possible]:
            del claims[key]
        new = [key for key in possible if key not in claims]
        claims.update(dict.fromkeys(new, False))
        return len(new) + await self._follow_addresses()

    async def _follow_addresses(self) -> int:
        state = await self._session.writable()
        addresses = {
            (user_id, integration.id): MemberClaim(state.users[user_id].email.strip().lower())
            for user_id, organization_id in state.memberships
            for integration in state.integrations.values()
            if integration.organization_id == organization_id
        }
        for key in [key for key in state.member_claims if key not in addresses]:
            del state.member_claims[key]
        new = {
            key: claim
            for key, claim in addresses.items()
            if key not in state.member_claims or state.member_claims[key].address != claim.address
        }
        state.member_claims |= new
        return len(new)

    async def list_due(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return the integrations with claims that are not done, those that wait longest first."""
        state = self._session.state
        due = dict.fromkeys(key[1] for key, is_done in state.commit_claims.items() if not is_done)
        due |= dict.fromkeys(key[1] for key, claim in state.member_claims.items() if not claim.is_done)
        return [
            CommitClaims(
                integration_id,
                state.integrations[integration_id].organization_id,
                state.integrations[integration_id].provider_id,
            )
            for integration_id in due
        ][:limit]

    async def apply(self, claims: CommitClaims, *, limit: int) -> ClaimResult:
        """Let attributions be of those who claim, while nobody else writes."""
        state = await self._session.writable()
        held = [key for key, is_done in state.commit_claims.items() if key[1] == claims.integration_id and not is_done]
        possible = self._possible()
        people = [state.connections[key[0]] for key in held if key in possible]
        members = [
            key[0]
            for key, claim in state.member_claims.items()
            if key[1] == claims.integration_id
            and not claim.is_done
            and (key[0], claims.organization_id) in state.memberships
        ]
        commits: dict[tuple[UUID, RepoId], set[str]] = defaultdict(set)
        assigned = {
            one.address for one in state.author_assignments.values() if one.organization_id == claims.organization_id
        }
        taken = 0
        for place, row in sorted(state.attributions.items(), key=lambda item: item[1].id):
            if taken == limit or row.attribution.integration_id != claims.integration_id:
                continue
            proofs = [(proof, person.user_id) for person in people if (proof := self._proof(person, row))]
            if not proofs and (row.kind, row.method) == (Kind.NONE, Method.UNKNOWN):
                proofs = [(Method.MEMBER_ADDRESS, user_id) for user_id in self._members_of(claims, row)]
                proofs = proofs if len(proofs) == 1 and proofs[0][1] in members else []
            if proofs:
                method, user_id = min(proofs, key=lambda found: _STRONGEST_FIRST.index(found[0]))
                taken += 1
                user = state.users[user_id]
                if row.attribution.address not in assigned:
                    commits[user.external_id, row.attribution.repo_id].add(row.attribution.sha)
                state.attributions[place] = replace(row, kind=Kind.USER, method=method, user_id=user.id)
        if taken < limit:
            state.commit_claims.update(dict.fromkeys(held, True))
            for key, claim in state.member_claims.items():
                if key[1] == claims.integration_id:
                    state.member_claims[key] = replace(claim, is_done=True)
        found = [ClaimedCommits(*key, len(shas)) for key, shas in commits.items()]
        return ClaimResult(found, taken < limit)

    def _members_of(self, claims: CommitClaims, row: KeptAttribution) -> list[UserId]:
        """Return the members with the address of an attribution."""
        state = self._session.state
        return [
            user_id
            for (user_id, integration_id), claim in state.member_claims.items()
            if integration_id == claims.integration_id
            and claim.address == row.attribution.address
            and (user_id, claims.organization_id) in state.memberships
        ]

    def _proof(self, connection: Connection, row: KeptAttribution) -> Method | None:
        one = row.attribution
        if row.kind is not Kind.NONE and row.method is not Method.MEMBER_ADDRESS:
            return None
        if one.author.noreply_id == connection.provider_user_id:
            return Method.NOREPLY_ID
        if one.address in self._session.state.emails.get(connection.id, ()):
            return Method.VERIFIED_ADDRESS
        is_account = one.author.noreply_id is None and one.author.account_id == connection.provider_user_id
        return Method.USERNAME if is_account else None

    def _possible(self) -> list[tuple[ConnectionId, IntegrationId]]:
        state = self._session.state
        return [
            (connection.id, integration.id)
            for connection in state.connections.values()
            for integration in state.integrations.values()
            if connection.status is not ConnectionStatus.REVOKED
            and connection.provider == integration.provider
            and (connection.user_id, integration.organization_id) in state.memberships
        ]
