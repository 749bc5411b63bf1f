from dataclasses import dataclass
from enum import Enum

from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import RepoId
from core.domain.secret import Secret


class Source(Enum):
    """How a delivery reached the ledger."""

    RECEIVED = "received"
    RECOVERED = "recovered"
    REPLAYED = "replayed"


class Receipt(Enum):
    """What the ledger answered to a delivery; in every case it is durable."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # received before under this id
    REPLAYED = "replayed"  # the same bytes were received before under another id
    RETRIED = "retried"  # known, had no effect here, and is pending again

    @property
    def is_known(self) -> bool:
        """Whether the delivery changed nothing, because it was received before."""
        return self in (Receipt.DUPLICATE, Receipt.REPLAYED)


@dataclass(slots=True)
class VerifiedDelivery:
    """A delivery that is the provider's own: signed over exactly these bytes, or quoted by its API.

    Made only by a `WebhookProtocol`, of a signature or of a `QuotedDelivery`, so holding one is proof. `body`
    is unparsed: what was signed or, where `source` is recovered, the provider's text of it.
    `source_key` says which integration it is for (`core.domain.deliveries.source_key`). An envelope whose
    fields have wrong types has neither source key nor repository, and fails when processed.
    Not frozen: one is made for every delivery, and freezing triples its cost.
    """

    provider: str
    event_type: str
    delivery_id: str
    action: str | None
    source_key: str | None
    repo_id: RepoId | None
    body: bytes
    source: Source = Source.RECEIVED
    is_unique: bool = True
    """Whether the provider never sends an integration the same bytes twice under different ids."""

    @property
    def lane(self) -> int:
        """The mailbox it waits in."""
        return choose_lane(self.source_key)


@dataclass(frozen=True, slots=True)
class SourceSecrets:
    """The source key that an unverified request claims, and the webhook secrets of that integration.

    There is always a secret: a random one if the integration does not exist.
    """

    source_key: str
    secrets: tuple[Secret, ...]

    def require_source(self, delivery: "VerifiedDelivery") -> None:
        """Raise `SignatureRefused` if the delivery is of a source that this secret does not prove."""
        if delivery.source_key != self.source_key:
            raise SignatureRefused("source_mismatch")


@dataclass(frozen=True, slots=True)
class QuotedDelivery:
    """What a provider's API, asked as our app, says it sent: its word stands in for the signature.

    Made only by a `GitProvider`, which knows by TLS who answers. The bytes of `body` need not be those that
    were signed, so no signature is checked over them.
    """

    provider: str
    delivery_id: str
    event_type: str
    body: bytes


class DeliveryRefused(DomainError):
    """The request is not a delivery we accept. Callers see the coarse message; logs get `reason`."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class SignatureRefused(DeliveryRefused):
    """The webhook signature is missing, malformed, or does not match any configured secret.

    Use the same webhook secret at the provider and in this service.
    """

    kind = ErrorKind.UNAUTHENTICATED
    code = "webhook_signature_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__("The webhook signature is missing or does not match. Check the webhook secret.", reason=reason)


class HeadersRefused(DeliveryRefused):
    """The event header or the delivery header of the webhook is missing or malformed.

    Send both headers in the provider's format.
    """

    # The signature does not cover headers.
    kind = ErrorKind.INVALID_ARGUMENT
    code = "webhook_headers_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The event header or the delivery header is missing or malformed. Send both in the provider's format.",
            reason=reason,
        )


class BodyRefused(DeliveryRefused):
    """The webhook body is not a JSON object. Send one JSON object."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "webhook_body_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__("The webhook body is not a JSON object. Send one JSON object.", reason=reason)


class DeliveryIdConflict(DomainError):
    """A delivery with this id but a different body was received before.

    Send this body under a new delivery id.
    """

    kind = ErrorKind.ABORTED
    code = "delivery_id_conflict"

    def __init__(self) -> None:
        super().__init__(
            "A delivery with this id but a different body was received before. Send this body under a new delivery id."
        )


class ReceiverBusy(DomainError):
    """Too many deliveries are waiting to be stored.

    Send the delivery again later. If the delivery is not sent again, delivery recovery fetches it from the
    provider's delivery log.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "receiver_busy"
