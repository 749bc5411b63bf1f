from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg.sql import SQL

from adapters.postgres.connection.packed_arrays import Texts
from adapters.postgres.connection.session import Session
from adapters.postgres.rows.mapping import RowMapping
from adapters.postgres.rows.sql import render
from adapters.postgres.rows.tokens import OF_CONNECTIONS
from adapters.postgres.stores.audit import AuditedTable
from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId
from core.domain.tokens.lease import connection_ids_to_wipe
from ports.connections import ConnectionStore

_CONNECTIONS = RowMapping(Connection, "c")
_SELECT = SQL("SELECT {columns} FROM user_git_connections AS c").format(columns=_CONNECTIONS.columns)
_OF_PROVIDER_USERS = render("{select} WHERE c.provider = %s AND c.provider_user_id = ANY(%s::text[])", select=_SELECT)
_FIND = render("{select} WHERE c.user_id = %s AND c.provider = %s", select=_SELECT)
_GET_FOR_UPDATE = f"{_FIND} FOR NO KEY UPDATE"
_OF_USER = render("{select} WHERE c.user_id = %s ORDER BY c.provider", select=_SELECT)
# The same statement postpones the check, so that a crash of this process does not repeat it at once.
_DUE_FOR_CHECK = render(
    """
    UPDATE user_git_connections AS c SET identity_check_at = %(until)s
    WHERE c.id IN (
        SELECT id FROM user_git_connections
        WHERE status = 'active' AND identity_check_at <= %(now)s
        ORDER BY identity_check_at LIMIT %(limit)s
        FOR NO KEY UPDATE SKIP LOCKED
    )
    RETURNING {columns}
    """,
    columns=_CONNECTIONS.columns,
)
_CHECK_AGAIN = "UPDATE user_git_connections SET identity_check_at = %s WHERE id = %s"
_NEXT_ID = "SELECT nextval('user_git_connections_id_seq')"
_EMAILS = "SELECT email FROM user_git_emails WHERE user_git_connection_id = %s ORDER BY email"
_DELETE_EMAILS = """
    DELETE FROM user_git_emails
    WHERE user_git_connection_id = %(connection)s AND NOT email = ANY(%(emails)s::text[])
"""
_DELETE_EMAILS_OF_OTHERS = """
    DELETE FROM user_git_emails AS e
    USING user_git_connections AS other, user_git_connections AS present
    WHERE e.email = ANY(%(emails)s::text[]) AND other.id = e.user_git_connection_id
        AND present.id = %(connection)s AND other.provider = present.provider AND other.id <> present.id
"""
_ADD_EMAILS = """
    INSERT INTO user_git_emails (user_git_connection_id, email)
    SELECT %(connection)s, email FROM unnest(%(emails)s::text[]) AS email
    ON CONFLICT (user_git_connection_id, email) DO UPDATE SET updated_at = now()
    RETURNING created_at = updated_at
"""


_TABLE = AuditedTable("connection", "user_git_connections", _CONNECTIONS)


class PostgresConnectionStore(ConnectionStore):
    """The table `user_git_connections`, without its tokens."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, user_id: UserId, provider: str) -> Connection | None:
        """Return the user's connection, revoked or not."""
        rows = await self._session.read(_FIND, (user_id, provider))
        return _CONNECTIONS.to_optional(rows)

    async def get_for_update(self, user_id: UserId, provider: str) -> Connection | None:
        """Like `find`, with a row lock; raises `StorageConflict` after waiting for another's lock for 5 seconds."""
        rows = await self._session.write(_GET_FOR_UPDATE, (user_id, provider))
        return _CONNECTIONS.to_optional(rows)

    async def list_by_provider_users(
        self, provider: str, provider_user_ids: Collection[ProviderUserId]
    ) -> Sequence[Connection]:
        """Return the connections of these provider accounts: at most one each."""
        rows = await self._session.read(_OF_PROVIDER_USERS, (provider, Texts(list(provider_user_ids))))
        return _CONNECTIONS.to_list(rows)

    async def next_id(self) -> ConnectionId:
        """Reserve the id of a new connection; gaps are normal."""
        [(connection_id,)] = await self._session.read(_NEXT_ID)
        return ConnectionId(connection_id)

    async def apply(self, changes: Sequence[Change[Connection]]) -> None:
        """Write these steps with their audit versions, and delete the tokens of revoked connections.

        Raises `StorageConflict` if a row was deleted.
        """
        await _TABLE.apply(self._session, changes)
        await OF_CONNECTIONS.wipe(self._session, connection_ids_to_wipe(changes))

    async def list_by_user(self, user_id: UserId) -> Sequence[Connection]:
        """Return a user's connections, revoked or not, by provider."""
        return _CONNECTIONS.to_list(await self._session.read(_OF_USER, (user_id,)))

    async def claim_due_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Connection]:
        """Claim at most `limit` active connections with a due check; skip locked rows."""
        parameters = {"now": now, "until": until, "limit": limit}
        rows = await self._session.write(_DUE_FOR_CHECK, parameters)
        return _CONNECTIONS.to_list(rows)

    async def schedule_check(self, connection_id: ConnectionId, *, at: datetime) -> None:
        """Set when login and addresses are fetched again."""
        await self._session.change(_CHECK_AGAIN, (at, connection_id))

    async def list_emails(self, connection_id: ConnectionId) -> Sequence[str]:
        """Return the verified addresses of a connection, in order."""
        return [email for (email,) in await self._session.read(_EMAILS, (connection_id,))]

    async def replace_emails(self, connection_id: ConnectionId, emails: Collection[str]) -> bool:
        """Replace the verified addresses, and remove them from other connections; return whether any is new."""
        parameters = {"connection": connection_id, "emails": Texts(sorted(set(emails)))}
        await self._session.change(_DELETE_EMAILS, parameters)
        await self._session.change(_DELETE_EMAILS_OF_OTHERS, parameters)
        return any(is_new for (is_new,) in await self._session.write(_ADD_EMAILS, parameters))
