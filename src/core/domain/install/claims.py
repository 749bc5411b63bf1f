"""Decide who may bind an installation to an organization.

An installation's id is a small number in URLs, and a user who sees an installation may not own it. Binding it shows
all its private repositories to the organization.
https://docs.github.com/apps/creating-github-apps/registering-a-github-app/about-the-setup-url
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import AccountId, OrganizationId, ProviderUserId
from core.domain.install.installations import Installation, RepositoryAdministration
from core.domain.integrations.integration import InstallationBoundElsewhere, Integration, OrganizationAlreadyConnected
from core.domain.provider_errors import InstallationGone, InstallationSuspended

_PERSON = "User"


class Proof(Enum):
    """Why this user may bind the installation."""

    OWN_ACCOUNT = "own_account"
    """It is on the user's own account."""
    INSTALLED_IT = "installed_it"
    """A signed delivery says that the user installed it, after the flow started."""
    REQUESTED_IT = "requested_it"
    """A signed delivery says that an owner of the account installed it at the user's request."""
    ADMINISTERS_ALL = "administers_all"
    """The user administers every repository of it, as owners of an account do."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """The facts of a signed `installation.created`, and when this service received it."""

    received_at: datetime
    account_id: AccountId | None
    sender_id: ProviderUserId | None
    requester_id: ProviderUserId | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts about an installation and about the user who wants to bind it.

    `installation` comes from the app's API and is None if the app does not have it. `is_listed` is whether the user's
    token shows it. `administration` counts the repositories that the user sees and administers, and `covered` the
    repositories of the installation; each is None if it could not be read. An incomplete count proves nothing.
    """

    began_at: datetime
    person_id: ProviderUserId
    installation: Installation | None
    is_listed: bool
    announcements: Sequence[Announcement] = ()
    administration: RepositoryAdministration | None = None
    covered: int | None = None

    @property
    def is_unfinished(self) -> bool:
        """Whether counting has to continue before anything is decided."""
        return self.administration is not None and not self.administration.is_complete


class InstallationNotVisible(DomainError):
    """The user's account at the provider cannot see this installation.

    Sign in at the provider with an account that can see it, then try again.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "installation_not_visible"


class InstallationNotProven(DomainError):
    """This service could not verify that the user administers the installation's account.

    Ask an owner of the account to connect it.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "installation_not_proven"


def prove(evidence: Evidence) -> Proof:
    """Return why the user may bind the installation.

    Raises `InstallationGone`, `InstallationNotVisible`, `InstallationNotProven`, or `InstallationSuspended` if its
    repositories cannot be counted because it is suspended.
    """
    installation, person = evidence.installation, evidence.person_id
    if installation is None:
        raise InstallationGone(
            "This installation of the app does not exist. Install the app, or choose another account."
        )
    if not evidence.is_listed:
        raise InstallationNotVisible(
            "Your account at the provider cannot see this installation. Sign in there with an account that can."
        )
    if installation.account_type == _PERSON and str(installation.account_id) == str(person):
        return Proof.OWN_ACCOUNT
    announcements = [
        announcement for announcement in evidence.announcements if announcement.account_id == installation.account_id
    ]
    if any(announcement.requester_id == person for announcement in announcements):
        return Proof.REQUESTED_IT
    if any(
        announcement.sender_id == person and announcement.received_at >= evidence.began_at
        for announcement in announcements
    ):
        return Proof.INSTALLED_IT
    if _administers_all(evidence.administration, evidence.covered):
        return Proof.ADMINISTERS_ALL
    if installation.suspended_at is not None:
        raise InstallationSuspended(
            "This installation is suspended at the provider, so crewkit cannot verify who "
            "administers it. Unsuspend it there, then connect it."
        )
    raise InstallationNotProven(
        "You cannot connect this installation: crewkit could not verify that you own its account "
        "or administer all of its repositories. Ask an owner of the account to connect it."
    )


def should_bind(
    provider_id: str, organization_id: OrganizationId, *, holder: OrganizationId | None, current: Integration | None
) -> bool:
    """Return whether to bind a proven installation; False if this organization already has it.

    `holder` is the organization whose active integration has it, and `current` this organization's integration.
    Raises `InstallationBoundElsewhere`, which does not name the other organization, or
    `OrganizationAlreadyConnected`.
    """
    if holder is not None and holder != organization_id:
        raise InstallationBoundElsewhere(
            "This installation is connected to another crewkit organization. Disconnect it there "
            "first, then connect it here."
        )
    if current is None or current.is_replaceable:
        return True
    if current.provider_id == provider_id:
        return False
    raise OrganizationAlreadyConnected(
        "This organization is connected to another installation. Disconnect that installation first."
    )


def _administers_all(administration: RepositoryAdministration | None, covered: int | None) -> bool:
    """Return whether the user administers all repositories. Without any repository, that proves nothing."""
    if administration is None or not administration.is_complete or not covered:
        return False
    return administration.total == administration.administered == covered
