from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId


class ConnectionStore(Protocol):
    """Users' accounts at a provider, without their tokens. Every change writes an audit version."""

    async def find(self, user_id: UserId, provider: str) -> Connection | None:
        """Return the user's connection, revoked or not."""

    async def get_for_update(self, user_id: UserId, provider: str) -> Connection | None:
        """Like `find`, and lock the connection until this transaction ends."""

    async def list_by_provider_users(
        self, provider: str, provider_user_ids: Collection[ProviderUserId]
    ) -> Sequence[Connection]:
        """Return the connections of these provider accounts, at most one each."""

    async def next_id(self) -> ConnectionId:
        """Reserve the id of a new connection; gaps are normal."""

    async def apply(self, changes: Sequence[Change[Connection]]) -> None:
        """Write these changes in order, each with its audit version, and set `updated_at`.

        A connection that becomes revoked loses its tokens in the same write.
        """

    async def list_by_user(self, user_id: UserId) -> Sequence[Connection]:
        """Return a user's connections, revoked or not, by provider."""

    async def claim_due_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Connection]:
        """Claim at most `limit` active connections whose profile check is due, the longest due first.

        Other callers do not get them before `until`.
        """

    async def schedule_check(self, connection_id: ConnectionId, *, at: datetime) -> None:
        """Set when login and addresses are checked next. A new connection is checked after a day."""

    async def list_emails(self, connection_id: ConnectionId) -> Sequence[str]:
        """Return the verified addresses of a connection, in order."""

    async def replace_emails(self, connection_id: ConnectionId, emails: Collection[str]) -> bool:
        """Replace the verified addresses of a connection, in their normal form; return whether any of them is new.

        The provider verifies an address for one account at a time, so other connections lose these addresses.
        """
