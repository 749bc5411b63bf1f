"""The normal results of a step of installing. Refusals are errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.errors import DomainError, StorageConflict, StorageTooSlow
from core.domain.flows.callback import ApprovalNotFound, AuthorizationDenied, CodeMissing, SetupAction
from core.domain.flows.flow import Flow, FlowInterrupted, FlowStatus
from core.domain.install.claims import InstallationNotProven, InstallationNotVisible
from core.domain.install.installations import Installation, InstallationRequest, VisibleInstallation
from core.domain.organizations import Organization
from core.domain.provider_errors import (
    AccessBlocked,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    ProviderUnavailable,
    RateLimited,
)
from core.use_cases.install.prove_installations import FailedProof
from ports.encryption import CiphertextRefused

RETRYABLE_ERRORS = (
    AccessBlocked,
    AuthorizationDenied,
    CodeMissing,
    ApprovalNotFound,
    InstallationGone,
    InstallationNotVisible,
    InstallationNotProven,
    InstallationSuspended,
    CredentialRefused,
    CiphertextRefused,
    ProviderUnavailable,
    RateLimited,
    StorageConflict,
    StorageTooSlow,
    FlowInterrupted,
)
"""Errors that a retry can avoid, at once or with another account at the provider."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The organization has the installation. The browser continues at a path of this service."""

    return_to: str


@dataclass(frozen=True, slots=True)
class RedirectTo:
    """The browser must open a page of the provider.

    `unproven` is why the user cannot connect any of the existing installations. The page installs another.
    """

    url: str
    unproven: DomainError | None = None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The step failed, and the flow continues: at `url` the user authorizes the app again."""

    refusal: DomainError
    url: str


@dataclass(frozen=True, slots=True)
class Choose:
    """The user chooses one of several installations, or starts again. `state` must be sent with the choice.

    `installations` are proven. `failed` could not be checked, or the user may not bind them. `unchecked` are
    checked when the user chooses them. The user can also request another of the `pages`.
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
    """The user asked the owners of several accounts and chooses one. `state` must be sent with the choice."""

    state: str
    requests: Sequence[InstallationRequest]
    return_to: str


@dataclass(frozen=True, slots=True)
class AwaitingApproval:
    """An owner of the account must approve the app. A repeated request does not name the account."""

    account: str | None
    return_to: str


@dataclass(frozen=True, slots=True)
class NoFlow:
    """The return does not belong to a flow: an owner approved, or a user installed the app at the provider.

    `organizations` are the organizations that the signed-in user can connect now.
    """

    setup_action: SetupAction | None
    organizations: Sequence[Organization] = ()


InstallResult = Connected | RedirectTo | RetryLater | Checking | Choose | ChooseRequest | AwaitingApproval | NoFlow


def to_result(flow: Flow) -> InstallResult:
    """Return the result of an earlier request again."""
    if flow.status is FlowStatus.AWAITING_APPROVAL:
        return AwaitingApproval(None, flow.return_to)
    return Connected(flow.return_to)
