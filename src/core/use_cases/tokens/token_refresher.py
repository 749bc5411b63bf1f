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

# One may join a flight that began before a token was known to be refused, and bring just that one again.
MAX_FLIGHTS = 3


@dataclass(frozen=True, slots=True)
class UsableToken:
    """A token to be used, and its end where it has one."""

    token: Secret
    expires_at: datetime | None

    def is_same(self, other: Secret | None) -> bool:
        """Tell whether this is that very token."""
        return other is not None and self.token.reveal() == other.reveal()


class LeaseLost(Exception):
    """While one asked, another wrote newer tokens into the row: look again."""


class RefreshableToken(ABC, Generic[OwnerId]):
    """One row's tokens: how to look at them, and how to ask the provider for new ones."""

    owner_id: OwnerId

    @abstractmethod
    def store(self, tx: Transaction) -> TokenStore[OwnerId]:
        """Return where they are kept."""

    @abstractmethod
    async def look(self, tx: Transaction) -> StoredTokens:
        """Return the row as it is now; raises a refusal where no token is to be had for it any more."""

    @abstractmethod
    def opened(self, row: StoredTokens) -> UsableToken | None:
        """Return the row's token if it is good enough."""

    @abstractmethod
    async def ask(self, row: StoredTokens) -> UsableToken:
        """Ask the provider and write the answer down; raises `LeaseLost` where one came first."""


@dataclass(frozen=True, slots=True)
class TokenRefresher:
    """Lets one of all processes ask a provider for a row's token, while the others wait for what it gets.

    No lock is held while the provider is asked: the lease is a value in the row, and ends by itself.
    """

    unit_of_work: UnitOfWork
    clock: Clock
    pause: Pause = asyncio.sleep

    async def obtain(self, leased: RefreshableToken[OwnerId]) -> UsableToken:
        """Return a good token, asking for it or waiting about ten seconds for who does.

        Raises what `leased` raises, and `ProviderUnavailable` where whoever asked got no answer in time.
        """
        seen: StoredTokens | None = None
        for wait in (0.0, *POLL_DELAYS):
            if wait:
                await self.pause(wait)
            async with self.unit_of_work() as tx:
                row = await leased.look(tx)
                found = leased.opened(row)
                if found is not None:
                    return found
                now = self.clock.now()
                step = next_step(row, seen, now)
                lease = RefreshLease(uuid4().hex, now + LEASE_DURATION)
                took = step is Step.ASK and await leased.store(tx).acquire_lease(leased.owner_id, row, lease)
                await tx.commit()
            if step is Step.GIVE_UP:
                break
            seen = row
            if took:
                try:
                    return await self._ask(leased, row, lease)
                except LeaseLost:
                    seen = None
        raise ProviderUnavailable(
            "The provider does not issue an access token at the moment. Try again soon.", retry_after=5.0
        )

    async def _ask(self, leased: RefreshableToken[OwnerId], row: StoredTokens, lease: RefreshLease) -> UsableToken:
        try:
            return await leased.ask(row)
        except BaseException:
            # Without storage the lease ends by itself.
            with suppress(DomainError):
                async with self.unit_of_work() as tx:
                    await leased.store(tx).release_lease(leased.owner_id, lease)
                    await tx.commit()
            raise
