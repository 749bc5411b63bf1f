"""Who may bind an installation to an organization, judged from everything known about it.

An installation's id is a small number that stands in URLs, and seeing an installation is not owning it:
binding it shows an organization every private repository it covers.
https://docs.github.com/apps/creating-github-apps/registering-a-github-app/about-the-setup-url
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import AccountId, OrganizationId, ProviderUserId
from core.domain.integrations.integration import (
    InstallationBoundElsewhere,
    Integration,
    OrganizationAlreadyConnected,
)
from core.domain.provider import (
    Installation,
    InstallationGone,
    InstallationSuspended,
    RepositoryAdministration,
)

_PERSON = "User"


class Proof(Enum):
    """What shows that an installation is this person's to bind."""

    OWN_ACCOUNT = "own_account"
    """It is on their own account."""
    INSTALLED_IT = "installed_it"
    """A signed delivery says that they installed it, after they had begun to."""
    REQUESTED_IT = "requested_it"
    """A signed delivery says that an owner of the account installed it at their request."""
    ADMINISTERS_ALL = "administers_all"
    """They administer every repository it covers, as owners of an account do."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a signed `installation.created` said, and when it came."""

    received_at: datetime
    account_id: AccountId | None
    sender_id: ProviderUserId | None
    requester_id: ProviderUserId | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of an installation and of the person who would bind it.

    `installation` is as our app sees it, None where it is not of this app; `is_listed` tells whether the
    person's own token shows it; `administration` counts what the person sees and administers over all pages,
    and `covered` what the installation itself covers: None where that could not be asked. While the count is
    not complete, it proves nothing either way.
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
    """Return what proves the installation to be this person's to bind.

    Raises `InstallationGone`, `InstallationNotVisible`, `InstallationNotProven`, or `InstallationSuspended`
    where the suspension keeps its repositories from being counted.
    """
    installation, person = evidence.installation, evidence.person_id
    if installation is None:
        raise InstallationGone(
            "This installation of the app does not exist. Install the app, or choose another account."
        )
    if not evidence.is_listed:
        raise InstallationNotVisible(
            "Your account at the provider cannot see this installation. Sign in there with an "
            "account that can."
        )
    if installation.account_type == _PERSON and str(installation.account_id) == str(person):
        return Proof.OWN_ACCOUNT
    announced = [one for one in evidence.announcements if one.account_id == installation.account_id]
    if any(one.requester_id == person for one in announced):
        return Proof.REQUESTED_IT
    if any(one.sender_id == person and one.received_at >= evidence.began_at for one in announced):
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
    provider_id: str,
    organization_id: OrganizationId,
    *,
    holder: OrganizationId | None,
    current: Integration | None,
) -> bool:
    """Tell whether a proven installation is still to be bound; False where this organization has it already.

    `holder` is whose live integration has it; `current` is this organization's own row. Raises
    `InstallationBoundElsewhere`, which names nobody, or `OrganizationAlreadyConnected`.
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
    """Tell whether the person administers all there is; where there is nothing, that proves nothing."""
    if administration is None or not administration.is_complete or not covered:
        return False
    return administration.total == administration.administered == covered
