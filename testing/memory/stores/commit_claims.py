from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from core.domain.attribution.attribution import Kind, Method
from core.domain.attribution.commit_claims import Claimed, ClaimedCommits, CommitClaims
from core.domain.connections.connection import Connection, ConnectionStatus
from core.domain.identifiers import ConnectionId, IntegrationId, RepoId
from ports.commit_claims import CommitClaimStore
from testing.memory.database import KeptAttribution, Session

_STRONGEST_FIRST = (Method.NOREPLY_ID, Method.VERIFIED_ADDRESS, Method.USERNAME)


class MemoryCommitClaimStore(CommitClaimStore):
    """Claims in memory: by connection and integration, whether they are done."""

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
        return len(new)

    async def due(self, *, limit: int) -> Sequence[CommitClaims]:
        """Return the integrations with claims that are not done, those that wait longest first."""
        state = self._session.state
        due = dict.fromkeys(key[1] for key, is_done in state.commit_claims.items() if not is_done)
        return [
            CommitClaims(
                integration_id,
                state.integrations[integration_id].organization_id,
                state.integrations[integration_id].provider_id,
            )
            for integration_id in due
        ][:limit]

    async def take(self, claims: CommitClaims, *, limit: int) -> Claimed:
        """Let attributions be of those who claim, while nobody else writes."""
        state = await self._session.writable()
        held = [
            key
            for key, is_done in state.commit_claims.items()
            if key[1] == claims.integration_id and not is_done
        ]
        people = [state.connections[key[0]] for key in held if key in self._possible()]
        commits: dict[tuple[UUID, RepoId], set[str]] = defaultdict(set)
        taken = 0
        for place, row in sorted(state.attributions.items(), key=lambda item: item[1].id):
            if taken == limit or row.attribution.integration_id != claims.integration_id:
                continue
            proofs = [(proof, person) for person in people if (proof := self._proof(person, row))]
            if proofs:
                method, person = min(proofs, key=lambda found: _STRONGEST_FIRST.index(found[0]))
                taken += 1
                user = state.users[person.user_id]
                commits[user.external_id, row.attribution.repo_id].add(row.attribution.sha)
                state.attributions[place] = replace(row, kind=Kind.USER, method=method, user_id=user.id)
        if taken < limit:
            state.commit_claims.update(dict.fromkeys(held, True))
        found = [ClaimedCommits(*key, len(shas)) for key, shas in commits.items()]
        return Claimed(found, taken < limit)

    def _proof(self, connection: Connection, row: KeptAttribution) -> Method | None:
        one = row.attribution
        if row.kind is not Kind.NONE:
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
