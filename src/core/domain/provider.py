"""This service's app at a provider, and what the provider supports."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class App:
    """Our app as the provider knows it."""

    id: str
    slug: str
    client_id: str | None
    name: str
    url: str
    permissions: Mapping[str, str]
    events: frozenset[str]
    settings_url: str | None = None
    """Where its owner changes it."""


_LEVELS = ("", "read", "write", "admin")


def rank_level(level: str) -> int:
    """Return how much a permission's level allows; one that nobody knows, more than all others."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


@dataclass(frozen=True, slots=True)
class AppNeeds:
    """What our app must be granted, and must be told of, for everything we do.

    An account's owners grant `permissions` when they install the app, each person the `personal` ones.
    """

    permissions: Mapping[str, str]
    personal: Mapping[str, str]
    events: frozenset[str]

    @property
    def all_permissions(self) -> Mapping[str, str]:
        """What the app itself must have."""
        return {**self.permissions, **self.personal}

    def is_met_by(self, granted: Mapping[str, str]) -> bool:
        """Tell whether an account's owners granted enough; where nothing is known of it, so it seems."""
        return not granted or all(
            rank_level(granted.get(name, "")) >= rank_level(level) for name, level in self.permissions.items()
        )


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where the provider sends deliveries: nowhere if there is no URL."""

    url: str
    content_type: str
    verifies_certificate: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do; where it cannot, the feature is off and says so."""

    installation_requests: bool
    delivery_log: bool
    user_emails: bool
