from collections.abc import Collection, Sequence

from adapters.memory import audited
from adapters.memory.database import Session
from adapters.memory.token_rows import wipe
from core.domain.changes import Change
from core.domain.connections import Connection
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId
from core.domain.token_lease import disconnected
from ports.connections import ConnectionStore


class MemoryConnectionStore(ConnectionStore):
    """Connections in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, user_id: UserId, provider: str) -> Connection | None:
        """Return the user's connection, revoked or not."""
        for connection in self._session.state.connections.values():
            if (connection.user_id, connection.provider) == (user_id, provider):
                return connection
        return None

    async def get_for_update(self, user_id: UserId, provider: str) -> Connection | None:
        """Like `find`, and keep others from writing anything until this transaction ends."""
        await self._session.writable()
        return await self.find(user_id, provider)

    async def of_provider_users(
        self, provider: str, provider_user_ids: Collection[ProviderUserId]
    ) -> Sequence[Connection]:
        """Return the connections of these provider accounts: at most one each."""
        return [
            connection
            for connection in self._session.state.connections.values()
            if connection.provider == provider and connection.provider_user_id in provider_user_ids
        ]

    async def next_id(self) -> ConnectionId:
        """Reserve the id of a connection about to be made; gaps are normal."""
        return ConnectionId(next(self._session.database.ids))

    async def apply(self, changes: Sequence[Change[Connection]]) -> None:
        """Write these steps with their audit versions, and take the tokens of what they revoke.

        Raises `StorageConflict` where a row is gone.
        """
        await audited.apply(self._session, "connection", lambda state: state.connections, changes)
        state = await self._session.writable()
        wipe(state.user_tokens, disconnected(changes))
        for deleted in [change.before for change in changes if change.before and change.after is None]:
            state.emails.pop(deleted.id, None)
            state.user_tokens.pop(deleted.id, None)
            for key in [key for key in state.commit_claims if key[0] == deleted.id]:
                del state.commit_claims[key]

    async def emails(self, connection_id: ConnectionId) -> Sequence[str]:
        """Return the verified addresses of a connection, in order."""
        return sorted(self._session.state.emails.get(connection_id, ()))

    async def set_emails(self, connection_id: ConnectionId, emails: Collection[str]) -> bool:
        """Let these be its verified addresses and nobody else's; return whether any of them is new."""
        state = await self._session.writable()
        provider, present = state.connections[connection_id].provider, frozenset(emails)
        is_new = not present <= state.emails.get(connection_id, frozenset())
        for other in state.connections.values():
            if other.provider == provider and other.id in state.emails:
                state.emails[other.id] -= present
        state.emails[connection_id] = present
        return is_new
