from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState


class RecoveryStore(Protocol):
    """How far a provider's delivery log was compared with the webhook events, and which deliveries are missing.

    A missing delivery is kept until it is stored as a webhook event or, after it was given up, until it is deleted.
    """

    async def get_state(self, provider: str) -> RecoveryState:
        """Return the state of recovery; an empty state before the first comparison."""

    async def record_logged(self, logged: Sequence[MissingDelivery]) -> Sequence[MissingDelivery]:
        """Store those of these deliveries that are not stored as webhook events; return the newly missing ones.

        Of several attempts of one delivery, the first gives the time and the last is the attempt to fetch.
        """

    async def record_comparison(self, provider: str, *, until: datetime | None, at: datetime) -> None:
        """Record a complete comparison; without `until`, the log had no new delivery."""

    async def list_due(self, provider: str, *, now: datetime, limit: int) -> Sequence[MissingDelivery]:
        """Return missing deliveries to fetch now: handled event types first, then the oldest first."""

    async def record_failures(self, provider: str, failures: Sequence[FailedFetch]) -> None:
        """Record failed fetches of deliveries that are still missing."""

    async def delete_resolved(self, provider: str, *, forget_before: datetime) -> int:
        """Delete deliveries that are stored by now, and return their number; also delete old given-up ones."""
