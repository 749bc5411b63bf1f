"""Installations of the app, as a provider's API reports them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.domain.identifiers import AccountId, ProviderUserId


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation of the app, as the provider's API reports it to the app."""

    provider_id: str
    account_id: AccountId
    account_login: str
    account_type: str
    account_url: str | None
    repository_selection: str
    permissions: Mapping[str, str]
    manage_url: str | None
    suspended_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class InstallationRequest:
    """A user's request that an owner of an account installs the app."""

    requester_id: ProviderUserId
    account_id: AccountId
    account_login: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class RepositoryAdministration:
    """How many of an installation's repositories a user sees and administers.

    Counting ends at the first page with a repository that the user does not administer: `administered` is then
    smaller than `total`, and both leave out the later pages. While the count is not complete, `total` is the number
    that the provider reports, and the user administers all repositories that were read.
    """

    total: int
    administered: int
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class VisibleInstallation:
    """An installation that a user sees, and its account."""

    provider_id: str
    account_id: AccountId
    account_login: str


@dataclass(frozen=True, slots=True)
class VisibleInstallations:
    """The installations of the app that a user sees.

    If `hides_accounts` is true, there may be more, on accounts that require single sign-on first.
    """

    installations: tuple[VisibleInstallation, ...]
    hides_accounts: bool = False
