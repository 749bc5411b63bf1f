from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.domain.deliveries import QuotedDelivery, VerifiedDelivery
from core.domain.notices import Notice

Headers = Mapping[bytes, bytes]


class BodyDigest(Protocol):
    """A signature being computed over a body that arrives in parts, so a large one never blocks for long."""

    def update(self, chunk: bytes, /) -> None:
        """Take in the next part."""


class WebhookProtocol(Protocol):
    """How one provider signs and words its deliveries. Pure: bytes in, values out."""

    def digest(self) -> BodyDigest:
        """Begin a signature over a body in parts."""

    def verify(
        self, headers: Headers, body: bytes, *, digest: BodyDigest | None = None, form: bool = False
    ) -> VerifiedDelivery:
        """Check signature, then headers, then that the body is one JSON object; return the proof.

        `headers` have lower-case names. `form` says the body is a form with the JSON in one field.
        Raises `SignatureRefused`, `HeadersRefused` or `BodyRefused`, in this order.
        """

    def recovered(self, quoted: QuotedDelivery) -> VerifiedDelivery:
        """Return a delivery that the provider's API quoted; raises `HeadersRefused` or `BodyRefused`."""

    def acts_on(self, event_type: str) -> bool:
        """Tell whether deliveries of this type may lead to anything but a note that they came."""

    def read(self, event_type: str, body: bytes) -> Notice:
        """Read a kept body into what it tells us; raises `EnvelopeUnreadable`."""

    def show(self, body: bytes) -> bytes:
        """Return a kept body as JSON text for people."""

    def secret_uses(self) -> Mapping[str, datetime]:
        """Return when each accepted secret last verified a delivery in this process, by fingerprint."""
