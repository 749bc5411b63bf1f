"""Browser flows: attempts to install or connect that span several redirects."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from hmac import compare_digest
from uuid import UUID, uuid4

from core.domain.errors import DomainError, ErrorKind
from core.domain.flows.flow_secrets import FlowSecrets, generate_token, hash_token
from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId, UserId

# The lifetime of GitHub's codes: https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
LIFETIME = timedelta(minutes=10)
# GitHub asks an owner of the account by email, and the owner may be away.
APPROVAL_LIFETIME = timedelta(days=30)
# No request of a browser takes longer than this, including calls to the provider.
LONGEST_REQUEST = timedelta(minutes=1)
# A proof over many repositories may take longer than the lifetime, as long as it makes progress.
LONGEST_PROOF = timedelta(minutes=45)


class FlowPurpose(Enum):
    """What the user wants to do."""

    INSTALL = "install"
    CONNECT = "connect"


class FlowStatus(Enum):
    """The state of a browser flow."""

    OPEN = "open"
    """The browser has a state that works once."""
    TAKEN = "taken"
    """A request with its state is being processed. Another request with this state waits for the result."""
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    ENDED = "ended"


class FlowStep(Enum):
    """The page that the browser was redirected to, which determines the parameters of its return."""

    INSTALL = "install"
    """The provider's page to install the app. A code from this page was requested without PKCE."""
    AUTHORIZE = "authorize"
    """The provider's page to authorize the app. The code belongs to this flow's PKCE verifier."""
    REQUEST = "request"
    """The same page, to identify the user who has just asked an owner to install the app."""
    CHOOSE = "choose"
    """The page of this service with the installations that the user may connect."""
    SAVED = "saved"
    """The page to authorize the app, after a return without a state: `installation_id` is only a hint.

    Anyone can create a link to such a return, so the hint alone never selects one of several installations.
    """
    CHOOSE_REQUEST = "choose_request"
    """This service's page with the accounts whose owners the user asked. `candidates` are account ids."""


@dataclass(frozen=True, slots=True)
class ProofProgress:
    """The progress of a proof that takes several requests of the browser.

    `page` is the page of the user's installations that is checked next, and `unchecked` are the ids that the
    selection page offers without a proof. `checked` of `total` repositories of `installation_id` were read so far,
    and the user administers all of them.
    """

    page: int = 0
    unchecked: tuple[str, ...] = ()
    checked: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A browser flow of one user, one organization and one browser. Each step works once.

    State and cookie are stored as hashes and the PKCE verifier is encrypted, so that the row alone is not enough to
    continue the flow. `installation_id` is a claim that came with the browser. `candidates` are installations that
    the user has proven.
    """

    id: FlowId
    external_id: UUID
    purpose: FlowPurpose
    provider: str
    user_id: UserId
    organization_id: OrganizationId | None
    state_hash: bytes
    cookie_hash: bytes
    step: FlowStep
    return_to: str
    created_at: datetime
    expires_at: datetime
    status: FlowStatus = FlowStatus.OPEN
    pkce_verifier: str | None = None
    installation_id: str | None = None
    candidates: tuple[str, ...] = ()
    provider_user_id: ProviderUserId | None = None
    account_id: AccountId | None = None
    progress: ProofProgress = ProofProgress()
    stepped_at: datetime | None = field(default=None, compare=False)
    """When the row was last written; the store sets it."""

    def is_live(self, now: datetime) -> bool:
        """Return whether the flow can be continued."""
        return self.status is FlowStatus.OPEN and now < self.expires_at

    def is_of_browser(self, cookie: str | None) -> bool:
        """Return whether this is the flow's cookie."""
        return cookie is not None and compare_digest(hash_token(cookie), self.cookie_hash)

    def is_abandoned(self, now: datetime) -> bool:
        """Return whether the process that took the flow must have stopped during a request."""
        if self.status is not FlowStatus.TAKEN or self.stepped_at is None:
            return False
        return now - self.stepped_at >= LONGEST_REQUEST

    def mark_taken(self) -> "Flow":
        """Return a copy that is being processed, so that its state does not work again."""
        return replace(self, status=FlowStatus.TAKEN)

    def mark_awaiting(self, requester_id: ProviderUserId, account_id: AccountId, *, at: datetime) -> "Flow":
        """Return a copy that waits until an owner of the account approves the user's request."""
        return replace(
            self.mark_ended(FlowStatus.AWAITING_APPROVAL),
            provider_user_id=requester_id,
            account_id=account_id,
            expires_at=at + APPROVAL_LIFETIME,
        )

    def mark_ended(self, status: FlowStatus = FlowStatus.ENDED) -> "Flow":
        """Return a copy marked as ended. Its state and PKCE verifier no longer work."""
        return replace(self, status=status, pkce_verifier=None, candidates=(), progress=ProofProgress())


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A flow whose user asked the account's owner to approve the installation.

    Only an `installation.created` with exactly this requester and account completes it.
    """

    flow_id: FlowId
    organization_id: OrganizationId
    user_id: UserId
    provider: str
    requester_id: ProviderUserId
    account_id: AccountId
    external_id: UUID
    expires_at: datetime
    status: FlowStatus = FlowStatus.AWAITING_APPROVAL


class FlowInvalid(DomainError):
    """The browser flow's `state` is unknown or no longer valid, or belongs to another browser or user.

    Start the browser flow again.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "flow_invalid"
    sentence = (
        "This connection attempt is no longer valid, or was started in another browser or by another user. "
        "Start again from the page where you began."
    )

    def __init__(self, reason: str, flow: Flow | None = None) -> None:
        """Pass `flow` only if the caller has proven that they started it."""
        super().__init__(self.sentence)
        self.reason = reason
        self.flow = flow


class FlowExpired(FlowInvalid):
    """The browser flow exceeded its time limit. Start the browser flow again."""

    code = "flow_expired"
    sentence = "Connecting took longer than ten minutes, so this attempt has ended. Start again."


class FlowUsed(FlowInvalid):
    """This browser flow was already finished, in this browser and by this user.

    Check whether the account is connected. If it is not, start the browser flow again.
    """

    code = "flow_used"
    sentence = (
        "This connection attempt was already finished. Check in crewkit whether you are connected, or start again."
    )


class FlowInProgress(FlowUsed):
    """An earlier request of this browser flow is still being processed. Reload the page in a few seconds."""

    kind = ErrorKind.ABORTED
    code = "flow_in_progress"
    sentence = "An earlier click is still being processed. Reload this page in a few seconds."


class FlowInterrupted(FlowInvalid):
    """This service restarted while it processed this step of the browser flow. Try the step again."""

    kind = ErrorKind.ABORTED
    code = "flow_interrupted"
    sentence = "The service restarted while it checked your account. Try again to repeat the check."


def start_flow(
    flow_id: FlowId,
    purpose: FlowPurpose,
    provider: str,
    *,
    user_id: UserId,
    organization_id: OrganizationId | None,
    step: FlowStep,
    return_to: str,
    at: datetime,
) -> tuple[Flow, FlowSecrets]:
    """Return a new flow, and the secrets for its browser."""
    issued = FlowSecrets(generate_token(), generate_token())
    flow = Flow(
        id=flow_id,
        external_id=uuid4(),
        purpose=purpose,
        provider=provider,
        user_id=user_id,
        organization_id=organization_id,
        state_hash=hash_token(issued.state),
        cookie_hash=hash_token(issued.cookie),
        step=step,
        return_to=return_to,
        created_at=at,
        expires_at=at + LIFETIME,
    )
    return flow, issued


def advance(flow: Flow, step: FlowStep) -> tuple[Flow, str]:
    """Return the flow at another step, and the new state. The time of expiry stays the same."""
    state = generate_token()
    onward = replace(
        flow, step=step, status=FlowStatus.OPEN, state_hash=hash_token(state), pkce_verifier=None, candidates=()
    )
    return onward, state


def to_local_path(return_to: str | None, *, otherwise: str = "/") -> str:
    r"""Return `return_to` if it is a path of this service, else `otherwise`. Reject `//host` and `/\host`.

    Browsers remove tabs and newlines from a URL and treat a backslash as a slash:
    https://url.spec.whatwg.org/#concept-basic-url-parser.
    """
    if not return_to or not return_to.startswith("/") or return_to[1:2] in ("/", "\\"):
        return otherwise
    return return_to if return_to.isascii() and return_to.isprintable() and "\\" not in return_to else otherwise
