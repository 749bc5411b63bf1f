"""People and what they see, decoded to just the fields we use: https://docs.github.com/rest/users."""

import msgspec

from core.domain.identifiers import ProviderUserId
from core.domain.provider import ProviderPerson


class Identified(msgspec.Struct):
    """Anything with an id."""

    id: int


class InstallationsAnswer(msgspec.Struct):
    """One page of our installations that a person sees."""

    installations: list[Identified]


class PersonAnswer(msgspec.Struct):
    """Whom a user token speaks for."""

    id: int
    login: str
    name: str | None = None
    avatar_url: str | None = None
    email: str | None = None

    def told(self) -> ProviderPerson:
        """Return it in the domain's words."""
        return ProviderPerson(
            ProviderUserId(str(self.id)), self.login, self.name, self.avatar_url, self.email
        )


class EmailAnswer(msgspec.Struct):
    """One of a person's addresses."""

    email: str
    verified: bool
    primary: bool = False
