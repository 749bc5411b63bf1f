from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BacklogGauges:
    """Waiting and failed work. Counts end at `MAX_COUNT`: above it, the exact number does not matter."""

    pending_events: int = 0
    """Webhook events that are not processed yet."""

    failed_events: int = 0
    """Webhook events whose processing failed and is not tried again."""

    unrouted_events: int = 0
    """Webhook events of installations that are not connected."""

    suspended_integrations: int = 0

    pending_revocations: int = 0
    """Tokens that are still to be revoked at a provider."""

    oldest_sync_seconds: float = 0.0
    """The age of the oldest catalog of an active integration, in seconds since its last sync."""


MAX_COUNT = 100_000


class HousekeepingStore(Protocol):
    """Backlog counts, faults of the whole service, uses of webhook secrets, and the deletion of old rows."""

    async def count_backlog(self, *, now: datetime) -> BacklogGauges:
        """Return the backlog gauges; each count ends at `ports.housekeeping.MAX_COUNT`."""

    async def record_fault(self, fault: str, *, at: datetime, forgotten_before: datetime) -> bool:
        """Record that a fault occurred, and return whether the fault is new.

        A fault is new if no process has recorded it since `forgotten_before`. If several processes record a new fault
        at once, only one of them gets True, so that one alert is sent.
        """

    async def end_fault(self, fault: str) -> None:
        """Delete a fault, so that its next occurrence is new. Does nothing if the fault is not recorded."""

    async def record_secret_uses(self, uses: Mapping[str, datetime]) -> None:
        """Store when each webhook secret or app key was last used, by fingerprint.

        A stored time is replaced only by a later time.
        """

    async def load_secret_uses(self) -> Mapping[str, datetime]:
        """Return the time of the last use of each fingerprint that was ever recorded."""

    async def expire_payloads(self, *, before: datetime, limit: int) -> int:
        """Delete the payloads of at most `limit` webhook events received before this time.

        The events and their verdicts stay, and pending events keep their payload. Returns the number of events
        checked; a number below `limit` means that no older event is left.
        """

    async def delete_events(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` webhook events received before this time, and return their number.

        Pending events stay, and so do the domain events that were created from the deleted events.
        """

    async def delete_domain_events(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` domain events recorded before this time; return their number.

        The oldest are deleted first. The newest domain event stays at any age: it shows whether the cursor of a
        subscriber is from this database.
        """

    async def delete_attributions(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` attributions recorded before this time; return their number.

        The oldest are deleted first.
        """
