"""People and what they see, decoded to just the fields we use: https://docs.github.com/rest/users."""

import msgspec

from adapters.github.decoding.tolerant import Id
from adapters.github.decoding.web_urls import web_url
from core.domain.identifiers import AccountId, ProviderUserId
from core.domain.provider import ProviderPerson, VisibleInstallation


class Identified(msgspec.Struct):
    """Anything with an id."""

    id: Id


class SeenAccount(msgspec.Struct):
    """The account of an installation; an enterprise has a slug instead of a login."""

    id: Id | None = None
    login: str | None = None
    slug: str | None = None


class SeenInstallation(msgspec.Struct):
    """One of our installations that a person sees."""

    id: Id
    account: SeenAccount | None = None

    def to_domain(self) -> VisibleInstallation:
        """Return it in the domain's words."""
        account = self.account or SeenAccount()
        name = account.login or account.slug or str(self.id)
        return VisibleInstallation(str(self.id), AccountId(str(account.id or 0)), name)


class InstallationsAnswer(msgspec.Struct):
    """One page of our installations that a person sees."""

    installations: list[SeenInstallation]


class PersonAnswer(msgspec.Struct):
    """Whom a user token speaks for."""

    id: Id
    login: str
    name: str | None = None
    avatar_url: str | None = None
    email: str | None = None

    def told(self) -> ProviderPerson:
        """Return it in the domain's words."""
        return ProviderPerson(ProviderUserId(str(self.id)), self.login, self.name, web_url(self.avatar_url), self.email)


class EmailAnswer(msgspec.Struct):
    """One of a person's addresses."""

    email: str
    verified: bool = False
    primary: bool = False
