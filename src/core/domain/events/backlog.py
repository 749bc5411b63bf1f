from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Census:
    """How much there is of what should be little; counts end at `MOST`, beyond which it does not matter."""

    waiting: int = 0
    """Events that are to be processed."""

    failed: int = 0
    """Events that were given up."""

    unrouted: int = 0
    """Events whose installation is not connected."""

    suspended: int = 0
    """Integrations that are suspended."""

    revoking: int = 0
    """Tokens that are to be revoked at a provider."""

    oldest_sync: float = 0.0
    """How many seconds ago the least current catalog of an active integration was read."""


MOST = 100_000
