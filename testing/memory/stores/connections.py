from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from core.domain.audit import Change
from core.domain.connections import Connection, account_taken_error
from core.domain.errors import StorageConflict
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId
from core.domain.tokens.lease import connection_ids_to_wipe
from ports.connections import ConnectionStore
from testing.memory.database import Session, State
from testing.memory.stores import audited
from testing.memory.stores.audited import wipe

_DAY = timedelta(days=1)


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

    async def list_by_provider_users(
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
        await audited.apply(self._session, "connection", lambda state: state.connections, changes, _refuse_second)
        state = await self._session.writable()
        wipe(state.user_tokens, connection_ids_to_wipe(changes))
        for deleted in [change.before for change in changes if change.before and change.after is None]:
            state.emails.pop(deleted.id, None)
            state.user_tokens.pop(deleted.id, None)
            for key in [key for key in state.commit_claims if key[0] == deleted.id]:
                del state.commit_claims[key]

    async def list_by_user(self, user_id: UserId) -> Sequence[Connection]:
        """Return a user's connections, revoked or not, by provider."""
        found = [item for item in self._session.state.connections.values() if item.user_id == user_id]
        return sorted(found, key=lambda item: item.provider)

    async def claim_due_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Connection]:
        """Take at most `limit` active ones that are due."""
        state = await self._session.writable()
        at = {
            item.id: state.identity_checks.get(item.id, item.created_at + _DAY) for item in state.connections.values()
        }
        due = [item for item in state.connections.values() if item.is_active and at[item.id] <= now]
        taken = sorted(due, key=lambda item: at[item.id])[:limit]
        state.identity_checks.update({item.id: until for item in taken})
        return taken

    async def schedule_check(self, connection_id: ConnectionId, *, at: datetime) -> None:
        """Let login and addresses be looked up then."""
        (await self._session.writable()).identity_checks[connection_id] = at

    async def list_emails(self, connection_id: ConnectionId) -> Sequence[str]:
        """Return the verified addresses of a connection, in order."""
        return sorted(self._session.state.emails.get(connection_id, ()))

    async def replace_emails(self, connection_id: ConnectionId, emails: Collection[str]) -> bool:
        """Let these be its verified addresses and nobody else's; return whether any of them is new."""
        state = await self._session.writable()
        provider, present = state.connections[connection_id].provider, frozenset(emails)
        is_new = not present <= state.emails.get(connection_id, frozenset())
        for other in state.connections.values():
            if other.provider == provider and other.id in state.emails:
                state.emails[other.id] -= present
        state.emails[connection_id] = present
        return is_new


def _refuse_second(state: State, connection: Connection) -> None:
    for other in state.connections.values():
        if other.id == connection.id or other.provider != connection.provider:
            continue
        if other.provider_user_id == connection.provider_user_id:
            raise account_taken_error()
        if other.user_id == connection.user_id:
            raise StorageConflict(
                "Another attempt to connect is running at the same time. Check whether you are "
                "connected, then try again."
            )
