from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.domain.deliveries.delivery import QuotedDelivery, SourceSecrets, VerifiedDelivery
from core.domain.provider_events import ProviderEvent

Headers = Mapping[bytes, bytes]


class BodyDigest(Protocol):
    """A signature being computed over a body that arrives in parts, so a large one never blocks for long."""

    def update(self, chunk: bytes, /) -> None:
        """Take in the next part."""


class WebhookProtocol(Protocol):
    """How one provider signs and words its deliveries. Pure: bytes in, values out."""

    def find_claimed_source(self, headers: Headers, query: bytes) -> str | None:
        """Return the source key that an unverified request claims, or None if its secret is a setting.

        The key only selects the integration whose own secrets `verify` gets. `query` is the query string of
        the request. Called before the body is read.
        """

    def start_digest(self) -> BodyDigest:
        """Begin a signature over a body in parts."""

    def verify(
        self,
        headers: Headers,
        body: bytes,
        *,
        digest: BodyDigest | None = None,
        form: bool = False,
        claimed: SourceSecrets | None = None,
    ) -> VerifiedDelivery:
        """Check signature, then headers, then that the body is one JSON object; return the proof.

        `headers` have lower-case names. `form` says the body is a form with the JSON in one field.
        `claimed` is given if the request claims a source; the caller refuses a delivery of another source.
        Delivery ids then contain the source key, so that no integration can use up the ids of another.
        Raises `SignatureRefused`, `HeadersRefused` or `BodyRefused`, in this order.
        """

    def accept_quoted(self, quoted: QuotedDelivery) -> VerifiedDelivery:
        """Return a delivery that the provider's API quoted; raises `HeadersRefused` or `BodyRefused`."""

    def handles(self, event_type: str) -> bool:
        """Tell whether deliveries of this type may lead to anything but a note that they came."""

    def decode(self, event_type: str, body: bytes) -> ProviderEvent:
        """Read a kept body into what it tells us; raises `EnvelopeUnreadable`."""

    def format_body(self, body: bytes) -> bytes:
        """Return a kept body as JSON text for people."""

    def get_secret_uses(self) -> Mapping[str, datetime]:
        """Return when each accepted secret last verified a delivery in this process, by fingerprint."""
