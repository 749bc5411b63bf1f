"""How a step of installing may end, besides in a refusal: all of these are normal."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.errors import DomainError
from core.domain.flows.callback import SetupAction
from core.domain.organizations import Organization
from core.domain.provider import Installation, InstallationRequest, VisibleInstallation
from core.use_cases.install.prove_installations import FailedProof


@dataclass(frozen=True, slots=True)
class Connected:
    """The organization has the installation; the browser goes on to a path of ours."""

    return_to: str


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """The browser has to see another page of the provider's.

    `unproven` says why not one of the installations the person sees would do; the page installs another.
    """

    url: str
    unproven: DomainError | None = None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """It was refused this time, and the flow lives: at `url` the person shows once more who they are."""

    refusal: DomainError
    url: str


@dataclass(frozen=True, slots=True)
class Choose:
    """Several installations may be bound; `state` goes with the choice, which may be to begin anew.

    `installations` are proven. `failed` could not be checked or are not the person's to bind, and `unchecked`
    are offered to be checked when they are chosen. The next page of `pages` may be asked for, too.
    """

    state: str
    installations: Sequence[Installation]
    organization_id: UUID
    return_to: str
    failed: Sequence[FailedProof] = ()
    unchecked: Sequence[VisibleInstallation] = ()
    page: int = 0
    pages: int = 1


@dataclass(frozen=True, slots=True)
class Checking:
    """The proof takes longer than one request; the browser continues it at `url`, which needs no click."""

    url: str
    account: str
    checked: int
    total: int
    return_to: str


@dataclass(frozen=True, slots=True)
class ChooseRequest:
    """This person has asked the owners of several accounts; `state` goes with the choice of one of them."""

    state: str
    requests: Sequence[InstallationRequest]
    return_to: str


@dataclass(frozen=True, slots=True)
class AwaitingApproval:
    """An owner of this account has been asked to approve; it is not named on a second look."""

    account: str | None
    return_to: str


@dataclass(frozen=True, slots=True)
class NoFlow:
    """The browser began nothing here: an owner approved, or someone installed from the provider's side.

    `organizations` are those that the person who is signed in can connect now.
    """

    setup_action: SetupAction | None
    organizations: Sequence[Organization] = ()


InstallResult = (
    Connected | RedirectTo | RetryLater | Checking | Choose | ChooseRequest | AwaitingApproval | NoFlow
)
