from dataclasses import dataclass


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
