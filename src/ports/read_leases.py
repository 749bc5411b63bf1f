from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.tokens.read_token import ReadLease, Stray


class ReadLeaseStore(Protocol):
    """The trail of tokens given to services, which also knows what is still to be revoked.

    Nothing asks for a revocation: a live token is a stray from the moment its integration's standing changes
    or a repository it opens has no link any more, whoever changed it, so neither a crash nor an outage can
    lose that it is to be revoked.
    """

    async def add(self, lease: ReadLease) -> None:
        """Keep it."""

    async def find(self, external_id: UUID) -> ReadLease | None:
        """Return one."""

    async def strays(self, *, now: datetime, limit: int) -> Sequence[Stray]:
        """Return at most `limit` live tokens to be revoked, the oldest first.

        Those of integrations that are revoked, or whose status changed after the token was given out; and
        those that open a repository which no project is linked to through the integration.
        """

    async def end(self, external_id: UUID, *, at: datetime) -> None:
        """Note that the token was revoked, and forget it."""

    async def forget_expired(self, *, now: datetime, limit: int) -> int:
        """Forget at most `limit` tokens that are over by themselves; return how many."""
