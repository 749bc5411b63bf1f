"""What a person sets out to do in the browser, and comes back from the provider with."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from hmac import compare_digest
from uuid import UUID, uuid4

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId, UserId
from core.domain.secret import Secret

# GitHub's codes live as long: https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
LIFETIME = timedelta(minutes=10)
# An account's owner is asked by mail, and may be away.
APPROVAL_LIFETIME = timedelta(days=30)
# No request of a browser takes longer than this, calls to the provider included.
LONGEST_REQUEST = timedelta(minutes=1)
# A proof over many repositories may take longer than the lifetime, as long as it makes progress.
LONGEST_PROOF = timedelta(minutes=45)

_RANDOM_BYTES = 32


class FlowPurpose(Enum):
    """What a person set out to do in the browser."""

    INSTALL = "install"
    CONNECT = "connect"


class FlowStatus(Enum):
    """Where a browser flow stands."""

    OPEN = "open"
    """Its state is out there, and opens it once."""
    TAKEN = "taken"
    """Someone came back with its state and is going on; who brings it again waits for what comes of it."""
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    ENDED = "ended"


class FlowStep(Enum):
    """Where the browser was sent, and so what it comes back with."""

    INSTALL = "install"
    """The provider's page to install our app: a code from there was asked for without PKCE."""
    AUTHORIZE = "authorize"
    """The provider's page to authorize our app: the code belongs to this flow's PKCE verifier."""
    REQUEST = "request"
    """The same page, to learn who has just asked an owner to install our app."""
    CHOOSE = "choose"
    """Our own page with the installations this person has proven to be theirs."""
    SAVED = "saved"
    """The page to authorize our app, after a return without a state: `installation_id` is only a hint.

    Anyone could have written that return, so the hint alone never decides which of several is bound.
    """
    CHOOSE_REQUEST = "choose_request"
    """Our own page with the accounts whose owners this person has asked; `candidates` are account ids."""


@dataclass(frozen=True, slots=True)
class ProofProgress:
    """How far the search for proof has come, between two returns of the browser.

    `page` is the page of the person's installations that is checked next, and `unchecked` are the ids that
    our page offers without a proof. `checked` of `total` repositories of `installation_id` were read so far,
    and the person administers all of them.
    """

    page: int = 0
    unchecked: tuple[str, ...] = ()
    checked: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """One person's way through the browser: of one user, one organization and one browser, each step once.

    Of state and cookie only hashes are kept, and the PKCE verifier only encrypted, so that who reads the row
    cannot go on with it. `installation_id` is what the browser came back with: a claim, not yet a proof.
    `candidates` are installations whose proof was seen.
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
        """Tell whether it may be gone on with."""
        return self.status is FlowStatus.OPEN and now < self.expires_at

    def is_of_browser(self, cookie: str | None) -> bool:
        """Tell whether this is the cookie its browser was given."""
        return cookie is not None and compare_digest(hash_token(cookie), self.cookie_hash)

    def is_abandoned(self, now: datetime) -> bool:
        """Return whether the process that had taken it must have ended in the middle of a request."""
        if self.status is not FlowStatus.TAKEN or self.stepped_at is None:
            return False
        return now - self.stepped_at >= LONGEST_REQUEST

    def mark_taken(self) -> "Flow":
        """Return it in the hands of the one who brought its state: nobody else goes on with that."""
        return replace(self, status=FlowStatus.TAKEN)

    def mark_awaiting(self, requester_id: ProviderUserId, account_id: AccountId, *, at: datetime) -> "Flow":
        """Return it waiting for this account's owner to approve what this person asked for."""
        return replace(
            self.mark_ended(FlowStatus.AWAITING_APPROVAL),
            provider_user_id=requester_id,
            account_id=account_id,
            expires_at=at + APPROVAL_LIFETIME,
        )

    def mark_ended(self, status: FlowStatus = FlowStatus.ENDED) -> "Flow":
        """Return it over: nothing it handed out opens anything any more."""
        return replace(self, status=status, pkce_verifier=None, candidates=(), progress=ProofProgress())


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A flow whose person asked the account's owner to approve the installation.

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
        """Pass `flow` only if the caller has proven that the flow is theirs."""
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
        "This connection attempt was already finished. Check in crewkit whether you are connected, "
        "or start again."
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


@dataclass(frozen=True, slots=True)
class FlowSecrets:
    """What a browser carries: its cookie for as long as the flow lives, and the state of one step."""

    state: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Verifier:
    """A PKCE verifier and its challenge: https://www.rfc-editor.org/rfc/rfc7636#section-4."""

    secret: Secret
    challenge: str


def generate_token() -> str:
    """Return 256 random bits that can stand in a URL or a cookie."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def hash_token(token: str) -> bytes:
    """Return what is kept of a state or a cookie: they are random, so a plain hash tells nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def create_verifier() -> Verifier:
    """Make a PKCE verifier."""
    token = generate_token()
    digest = hashlib.sha256(token.encode()).digest()
    return Verifier(Secret(token), base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


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
    """Return a new flow, and what its browser has to bring back."""
    handed = FlowSecrets(generate_token(), generate_token())
    flow = Flow(
        id=flow_id,
        external_id=uuid4(),
        purpose=purpose,
        provider=provider,
        user_id=user_id,
        organization_id=organization_id,
        state_hash=hash_token(handed.state),
        cookie_hash=hash_token(handed.cookie),
        step=step,
        return_to=return_to,
        created_at=at,
        expires_at=at + LIFETIME,
    )
    return flow, handed


def advance(flow: Flow, step: FlowStep) -> tuple[Flow, str]:
    """Return the flow at another step, and the state that opens it; its end stays where it was."""
    state = generate_token()
    onward = replace(
        flow,
        step=step,
        status=FlowStatus.OPEN,
        state_hash=hash_token(state),
        pkce_verifier=None,
        candidates=(),
    )
    return onward, state


def to_local_path(return_to: str | None, *, otherwise: str = "/") -> str:
    r"""Return a path of ours to go on to; `//host`, `/\host` and whatever else leads elsewhere are not.

    Browsers drop tabs and newlines in a URL and take a backslash for a slash:
    https://url.spec.whatwg.org/#concept-basic-url-parser.
    """
    if not return_to or not return_to.startswith("/") or return_to[1:2] in ("/", "\\"):
        return otherwise
    return (
        return_to if return_to.isascii() and return_to.isprintable() and "\\" not in return_to else otherwise
    )
