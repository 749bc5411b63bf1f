"""This service's app at a provider, and what the provider supports."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class App:
    """The app as the provider reports it."""

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
    """Return the rank of a permission level; an unknown level ranks above all others."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


@dataclass(frozen=True, slots=True)
class AppNeeds:
    """The permissions and events that the app must have.

    An account's owners grant `permissions` when they install the app, and each user grants the `personal`
    permissions.
    """

    permissions: Mapping[str, str]
    personal: Mapping[str, str]
    events: frozenset[str]

    @property
    def all_permissions(self) -> Mapping[str, str]:
        """All permissions of the app."""
        return {**self.permissions, **self.personal}

    def is_met_by(self, granted: Mapping[str, str]) -> bool:
        """Return whether an account's owners granted enough; True if the granted permissions are unknown."""
        return not find_missing_permissions(self.permissions, granted)


def find_missing_permissions(needed: Mapping[str, str], granted: Mapping[str, str]) -> Mapping[str, str]:
    """Return the needed permissions that are not granted; none if the granted permissions are unknown."""
    if not granted:
        return {}
    return {name: level for name, level in needed.items() if rank_level(granted.get(name, "")) < rank_level(level)}


@dataclass(frozen=True, slots=True)
class AccountUrls:
    """The picture and the page of an account at the provider; None if the provider has no such address."""

    avatar: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """Where the provider sends deliveries: nowhere if there is no URL."""

    url: str
    content_type: str
    verifies_certificate: bool = True


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider supports, and how browser pages name it. Features that it does not support are off."""

    installation_requests: bool
    delivery_log: bool
    user_emails: bool
    display_name: str = "the provider"
    """The provider's name in texts for users."""
    web_url: str | None = None
    """The URL of the provider's web pages, to which browsers are redirected."""
