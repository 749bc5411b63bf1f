import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import uuid4

from core.domain.errors import DomainError
from core.domain.provider_errors import ProviderUnavailable
from core.domain.secret import Secret
from core.domain.tokens.lease import LEASE_DURATION, POLL_DELAYS, RefreshLease, Step, StoredTokens, next_step
from ports.system import Clock
from ports.tokens import TokenStore
from ports.unit_of_work import Transaction, UnitOfWork

OwnerId = TypeVar("OwnerId")
Pause = Callable[[float], Awaitable[None]]

# A caller may join a request that began before its token was rejected, and that returns this token again.
MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class UsableToken:
    """A decrypted token, and when it expires, if it does."""

    token: Secret
    expires_at: datetime | None

    def is_same(self, other: Secret | None) -> bool:
        """Return whether this is the other token."""
        return other is not None and self.token.reveal() == other.reveal()


class LeaseLost(Exception):
    """Another process wrote newer tokens during the request. Read the row again."""


class RefreshableToken(ABC, Generic[OwnerId]):
    """The tokens of one row, and how to get new tokens from the provider."""

    owner_id: OwnerId

    @abstractmethod
    def store(self, tx: Transaction) -> TokenStore[OwnerId]:
        """Return the store of the tokens."""

    @abstractmethod
    async def read(self, tx: Transaction) -> StoredTokens:
        """Return the current row, or raise why no token can be issued for it any more."""

    @abstractmethod
    def find_usable_token(self, row: StoredTokens) -> UsableToken | None:
        """Return the row's token, or None if a new one is needed."""

    @abstractmethod
    async def refresh(self, row: StoredTokens) -> UsableToken:
        """Get a new token from the provider and store it; raises `LeaseLost`."""


@dataclass(frozen=True, slots=True)
class TokenRefresher:
    """Lets one of all processes request a token for a row, while the others wait for the result.

    The database is not locked during the request: the lease is a value in the row, and it expires.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    pause: Pause = asyncio.sleep

    async def obtain(self, token: RefreshableToken[OwnerId]) -> UsableToken:
        """Return a usable token: request it, or wait about ten seconds for the process that does.

        Raises what the token's methods raise, and `ProviderUnavailable` if there is no token in time.
        """
        previous: StoredTokens | None = None
        for wait in (0.0, *POLL_DELAYS):
            if wait:
                await self.pause(wait)
            async with self.unit_of_work() as tx:
                row = await token.read(tx)
                usable = token.find_usable_token(row)
                if usable is not None:
                    return usable
                now = self.clock.now()
                step = next_step(row, previous, now)
                lease = RefreshLease(uuid4().hex, now + LEASE_DURATION)
                has_lease = step is Step.ASK and await token.store(tx).acquire_lease(token.owner_id, row, lease)
                await tx.commit()
            if step is Step.GIVE_UP:
                break
            previous = row
            if has_lease:
                try:
                    return await self._refresh(token, row, lease)
                except LeaseLost:
                    previous = None
        raise ProviderUnavailable(
            "The provider does not issue an access token at the moment. Try again soon.", retry_after=5.0
        )

    async def _refresh(self, token: RefreshableToken[OwnerId], row: StoredTokens, lease: RefreshLease) -> UsableToken:
        try:
            return await token.refresh(row)
        except BaseException:
            # If the database is unavailable, the lease expires.
            with suppress(DomainError):
                async with self.unit_of_work() as tx:
                    await token.store(tx).release_lease(token.owner_id, lease)
                    await tx.commit()
            raise
