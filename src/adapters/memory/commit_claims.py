from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from adapters.memory.database import KeptAttribution, Session
from core.domain.attribution import Kind, Method
from core.domain.commit_claims import Claimed, CommitClaim
from core.domain.connections import Connection, ConnectionStatus
from core.domain.identifiers import ConnectionId, IntegrationId, RepoId
from ports.commit_claims import CommitClaimStore


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

    async def due(self, *, limit: int) -> Sequence[CommitClaim]:
        """Return claims that are not done, the oldest first."""
        state = self._session.state
        return [
            CommitClaim(
                connection_id,
                integration_id,
                state.integrations[integration_id].organization_id,
                state.integrations[integration_id].provider_id,
                state.users[state.connections[connection_id].user_id].external_id,
            )
            for (connection_id, integration_id), is_done in state.commit_claims.items()
            if not is_done
        ][:limit]

    async def take(self, claim: CommitClaim, *, limit: int) -> Claimed:
        """Let attributions be the user's, while nobody else writes."""
        state = await self._session.writable()
        key = claim.connection_id, claim.integration_id
        if state.commit_claims.get(key) is not False:
            return Claimed({}, is_done=True)
        connection = state.connections[claim.connection_id]
        commits: dict[RepoId, set[str]] = defaultdict(set)
        taken = 0
        for place, row in sorted(state.attributions.items(), key=lambda item: item[1].id):
            method = self._proof(connection, row) if key in self._possible() else None
            if taken < limit and method and row.attribution.integration_id == claim.integration_id:
                taken += 1
                commits[row.attribution.repo_id].add(row.attribution.sha)
                state.attributions[place] = replace(
                    row, kind=Kind.USER, method=method, user_id=connection.user_id
                )
        state.commit_claims[key] = taken < limit
        return Claimed({repo_id: len(shas) for repo_id, shas in commits.items()}, taken < limit)

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
