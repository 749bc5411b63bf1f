from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState


class RecoveryStore(Protocol):
    """How far a provider's log was compared with the ledger, and what was found missing.

    One that is missing is kept until the ledger has it or, given up, until it is forgotten.
    """

    async def get_state(self, provider: str) -> RecoveryState:
        """Return where recovery stands; an empty state before the first comparison."""

    async def record_logged(self, logged: Sequence[MissingDelivery]) -> Sequence[MissingDelivery]:
        """Keep those of these that the ledger has not; return the ones that were not kept before.

        Of several attempts of one delivery the first gives the time, and the last is the one to ask for.
        """

    async def record_comparison(self, provider: str, *, until: datetime | None, at: datetime) -> None:
        """Remember a comparison that reached its end; without `until` there was nothing new to compare."""

    async def list_due(self, provider: str, *, now: datetime, limit: int) -> Sequence[MissingDelivery]:
        """Return missing ones to ask for now: those acted on before others, then the oldest first."""

    async def record_failures(self, provider: str, failures: Sequence[FailedFetch]) -> None:
        """Write down failed fetches of those still missing."""

    async def delete_resolved(self, provider: str, *, forget_before: datetime) -> int:
        """Drop what the ledger has by now and what was given up before then; return how many it has."""
