from dataclasses import dataclass
from enum import Enum

from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import RepoId
from core.domain.secret import Secret


class Source(Enum):
    """How a delivery reached this service."""

    RECEIVED = "received"
    RECOVERED = "recovered"
    REPLAYED = "replayed"


class Receipt(Enum):
    """The result of storing a delivery. In every case the delivery is durable."""

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
    """A delivery that is certainly from the provider: signed over exactly these bytes, or quoted by its API.

    Only a `WebhookProtocol` creates it, from a signature or a `QuotedDelivery`, so the object is a proof. `body` is
    unparsed: the signed bytes or, if `source` is recovered, the text from the provider's API. `source_key` names the
    integration (`core.domain.deliveries.source_key`). An envelope whose fields have wrong types has neither source
    key nor repository, and fails when it is processed. Not frozen: freezing triples the cost of each delivery.
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
        """The lane of the event queue."""
        return choose_lane(self.source_key)


@dataclass(frozen=True, slots=True)
class SourceSecrets:
    """The source key that an unverified request claims, and the webhook secrets of that integration.

    There is always a secret: a random one if the integration does not exist.
    """

    source_key: str
    secrets: tuple[Secret, ...]

    def require_source(self, delivery: "VerifiedDelivery") -> None:
        """Raise `SignatureRefused` if the delivery is from a source that these secrets do not prove."""
        if delivery.source_key != self.source_key:
            raise SignatureRefused("source_mismatch")


@dataclass(frozen=True, slots=True)
class QuotedDelivery:
    """A delivery from the provider's log, which the app read from the API. TLS replaces the signature.

    Only a `GitProvider` creates it. The bytes of `body` may differ from the signed bytes, so no signature is checked.
    """

    provider: str
    delivery_id: str
    event_type: str
    body: bytes


class DeliveryRefused(DomainError):
    """The request is not a valid delivery. Callers see a general message; logs get `reason`."""

    sentence: str

    def __init__(self, reason: str) -> None:
        super().__init__(self.sentence)
        self.reason = reason


class SignatureRefused(DeliveryRefused):
    """The webhook signature is missing, malformed, or does not match any configured secret.

    Use the same webhook secret at the provider and in this service.
    """

    kind = ErrorKind.UNAUTHENTICATED
    code = "webhook_signature_invalid"
    sentence = "The webhook signature is missing or does not match. Check the webhook secret."


class HeadersRefused(DeliveryRefused):
    """The event header or the delivery header of the webhook is missing or malformed.

    Send both headers in the provider's format.
    """

    # The signature does not cover headers.
    kind = ErrorKind.INVALID_ARGUMENT
    code = "webhook_headers_invalid"
    sentence = "The event header or the delivery header is missing or malformed. Send both in the provider's format."


class BodyRefused(DeliveryRefused):
    """The webhook body is not a JSON object. Send one JSON object."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "webhook_body_invalid"
    sentence = "The webhook body is not a JSON object. Send one JSON object."


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

    Send the delivery again later. If the delivery is not sent again, delivery recovery fetches it from the provider's
    delivery log.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "receiver_busy"
