from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AccountType = Literal["User", "Organization", "Bot"]


@dataclass(slots=True)
class Email:
    """One address of a person."""

    address: str
    verified: bool = True
    primary: bool = False
    public: bool = False


@dataclass(slots=True)
class Account:
    """A person, an organization or a bot."""

    id: int
    login: str
    name: str | None
    type: AccountType
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    emails: list[Email] = field(default_factory=list)
    owners: set[int] = field(default_factory=set)
    """Of an organization: who may do everything in it."""
    members: set[int] = field(default_factory=set)
    """Of an organization: everyone in it, its owners too."""
    members_read: bool = True
    """Of an organization: whether members see every repository of it."""
    takes_requests: bool = True
    """Of an organization: whether members may ask its owners to install an app."""
    requires_sign_on: bool = False
    """Of an organization: whether people have to sign in to it by SAML before an app sees it for them."""
    signed_on: set[int] = field(default_factory=set)
    """Of an organization: who has."""
    blocks_addresses: bool = False
    """Of an organization: whether its IP allow list lets no caller of the API in."""

    @property
    def primary_email(self) -> str:
        """Return the address shown with what this account does."""
        noreply = f"{self.id}+{self.login}@users.noreply.github.com"
        return next((email.address for email in self.emails if email.primary), noreply)

    def is_administered_by(self, person_id: int) -> bool:
        """Tell whether the person owns this account."""
        return person_id == self.id or person_id in self.owners

    def admits(self, person_id: int) -> bool:
        """Tell whether an app sees this account for the person, as far as single sign-on goes."""
        return not self.requires_sign_on or person_id in self.signed_on

    def has(self, address: str) -> bool:
        """Tell whether commits with this address are attributed to this account."""
        local, _, host = address.lower().partition("@")
        if host == "users.noreply.github.com":
            return local in (f"{self.id}+{self.login.lower()}", self.login.lower())
        return any(email.address.lower() == address.lower() for email in self.emails)
