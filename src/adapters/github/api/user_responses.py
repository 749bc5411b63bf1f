"""Responses about a person, with only the fields in use: https://docs.github.com/rest/users."""

import msgspec

from adapters.github.tolerant_decoder import Id
from adapters.github.urls import parse_web_url
from core.domain.connections import ProviderPerson
from core.domain.identifiers import AccountId, ProviderUserId
from core.domain.install.installations import VisibleInstallation


class VisibleAccount(msgspec.Struct):
    """The account of an installation; an enterprise has a slug instead of a login."""

    id: Id | None = None
    login: str | None = None
    slug: str | None = None


class VisibleInstallationResponse(msgspec.Struct):
    """An installation that a person can see."""

    id: Id
    account: VisibleAccount | None = None

    def to_domain(self) -> VisibleInstallation:
        """Return the domain value."""
        account = self.account or VisibleAccount()
        name = account.login or account.slug or str(self.id)
        return VisibleInstallation(str(self.id), AccountId(str(account.id or 0)), name)


class InstallationsResponse(msgspec.Struct):
    """A page of the installations that a person can see."""

    installations: list[VisibleInstallationResponse]


class UserResponse(msgspec.Struct):
    """The person of a user token."""

    id: Id
    login: str
    name: str | None = None
    avatar_url: str | None = None
    email: str | None = None

    def to_domain(self) -> ProviderPerson:
        """Return the domain value."""
        return ProviderPerson(
            ProviderUserId(str(self.id)), self.login, self.name, parse_web_url(self.avatar_url), self.email
        )


class EmailResponse(msgspec.Struct):
    """An email address of a person."""

    email: str
    verified: bool = False
    primary: bool = False
