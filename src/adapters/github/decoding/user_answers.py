"""People and what they see, decoded to just the fields we use: https://docs.github.com/rest/users."""

import msgspec

from adapters.github.decoding.tolerant import Id
from adapters.github.decoding.web_urls import parse_web_url
from core.domain.connections import ProviderPerson
from core.domain.identifiers import AccountId, ProviderUserId
from core.domain.install.installations import VisibleInstallation


class Identified(msgspec.Struct):
    """Anything with an id."""

    id: Id


class VisibleAccount(msgspec.Struct):
    """The account of an installation; an enterprise has a slug instead of a login."""

    id: Id | None = None
    login: str | None = None
    slug: str | None = None


class VisibleInstallationResponse(msgspec.Struct):
    """One of our installations that a person sees."""

    id: Id
    account: VisibleAccount | None = None

    def to_domain(self) -> VisibleInstallation:
        """Return it in the domain's words."""
        account = self.account or VisibleAccount()
        name = account.login or account.slug or str(self.id)
        return VisibleInstallation(str(self.id), AccountId(str(account.id or 0)), name)


class InstallationsResponse(msgspec.Struct):
    """One page of our installations that a person sees."""

    installations: list[VisibleInstallationResponse]


class UserResponse(msgspec.Struct):
    """Whom a user token speaks for."""

    id: Id
    login: str
    name: str | None = None
    avatar_url: str | None = None
    email: str | None = None

    def to_domain(self) -> ProviderPerson:
        """Return it in the domain's words."""
        return ProviderPerson(
            ProviderUserId(str(self.id)), self.login, self.name, parse_web_url(self.avatar_url), self.email
        )


class EmailResponse(msgspec.Struct):
    """One of a person's addresses."""

    email: str
    verified: bool = False
    primary: bool = False
