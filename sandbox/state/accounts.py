from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

AccountType = Literal["User", "Organization", "Bot"]


@dataclass(slots=True)
class Email:
    """An email address of a person."""

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
    """The owners of an organization."""
    members: set[int] = field(default_factory=set)
    """The members of an organization, including its owners."""
    members_read: bool = True
    """Whether members see every repository of the organization."""
    takes_requests: bool = True
    """Whether members can request the installation of an app from the organization's owners."""
    requires_sign_on: bool = False
    """Whether members must sign in to the organization with SAML before an app can access it for them."""
    signed_on: set[int] = field(default_factory=set)
    """The members who signed in with SAML."""
    blocks_addresses: bool = False
    """Whether the IP allow list of the organization blocks every API request."""

    @property
    def primary_email(self) -> str:
        """The address in commits and events of this account."""
        noreply = f"{self.id}+{self.login}@users.noreply.github.com"
        return next((email.address for email in self.emails if email.primary), noreply)

    def is_administered_by(self, person_id: int) -> bool:
        """Return whether the person owns this account."""
        return person_id == self.id or person_id in self.owners

    def is_signed_on(self, person_id: int) -> bool:
        """Return whether the person meets the single sign-on requirement of this account."""
        return not self.requires_sign_on or person_id in self.signed_on

    def has(self, address: str) -> bool:
        """Return whether commits with this address are attributed to this account."""
        local, _, host = address.lower().partition("@")
        if host == "users.noreply.github.com":
            return local in (f"{self.id}+{self.login.lower()}", self.login.lower())
        return any(email.address.lower() == address.lower() for email in self.emails)
