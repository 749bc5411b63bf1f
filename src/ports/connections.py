from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.audit import Change
from core.domain.connections import Connection
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId


class ConnectionStore(Protocol):
    """Users' identities at a provider, without their tokens. Every change leaves an audit version."""

    async def find(self, user_id: UserId, provider: str) -> Connection | None:
        """Return the user's connection, revoked or not."""

    async def get_for_update(self, user_id: UserId, provider: str) -> Connection | None:
        """Like `find`, and keep others from changing it until this transaction ends."""

    async def list_by_provider_users(
        self, provider: str, provider_user_ids: Collection[ProviderUserId]
    ) -> Sequence[Connection]:
        """Return the connections of these provider accounts: at most one each."""

    async def next_id(self) -> ConnectionId:
        """Reserve the id of a connection about to be made; gaps are normal."""

    async def apply(self, changes: Sequence[Change[Connection]]) -> None:
        """Write these steps in order, each with its audit version, and stamp `updated_at`.

        A connection that becomes revoked loses its tokens in the same write.
        """

    async def list_by_user(self, user_id: UserId) -> Sequence[Connection]:
        """Return a user's connections, revoked or not, by provider."""

    async def claim_due_checks(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Connection]:
        """Take at most `limit` active ones whose login and addresses are to be looked up, longest due first.

        Until then nobody else is given them.
        """

    async def schedule_check(self, connection_id: ConnectionId, *, at: datetime) -> None:
        """Let login and addresses be looked up then; a new connection's are after a day."""

    async def list_emails(self, connection_id: ConnectionId) -> Sequence[str]:
        """Return the verified addresses of a connection, in order."""

    async def replace_emails(self, connection_id: ConnectionId, emails: Collection[str]) -> bool:
        """Let these be its verified addresses, in their normal form; return whether any of them is new.

        The provider verifies an address for one account at a time, so other connections lose it.
        """
