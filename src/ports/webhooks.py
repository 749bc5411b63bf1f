from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from core.domain.deliveries.delivery import QuotedDelivery, SourceSecrets, VerifiedDelivery
from core.domain.provider_events import ProviderEvent

Headers = Mapping[bytes, bytes]


class BodyDigest(Protocol):
    """A signature that is computed while the body arrives, so that a large body never blocks for long."""

    def update(self, chunk: bytes, /) -> None:
        """Add the next part of the body."""


class WebhookProtocol(Protocol):
    """The signature and payload formats of one provider. Pure: bytes in, values out.

    An adapter that a setting adds also has an attribute `provider`: the name of its provider.
    """

    def find_claimed_source(self, headers: Headers, query: bytes) -> str | None:
        """Return the source key that an unverified request claims, or None if its secret is a setting.

        The key only selects the integration whose secrets `verify` gets. `query` is the query string of the request.
        Called before the body is read.
        """

    def start_digest(self) -> BodyDigest:
        """Start a signature over a body in parts."""

    def verify(
        self,
        headers: Headers,
        body: bytes,
        *,
        digest: BodyDigest | None = None,
        form: bool = False,
        claimed: SourceSecrets | None = None,
    ) -> VerifiedDelivery:
        """Check the signature, the headers, and that the body is one JSON object; return the verified delivery.

        `headers` have lower-case names. `form` means that the body is a form with the JSON in one field. `claimed` is
        given if the request claims a source; the caller rejects a delivery of another source. Delivery ids then
        contain the source key, so that no integration can use up the ids of another. Raises `SignatureRefused`,
        `HeadersRefused` or `BodyRefused`, in this order.
        """

    def accept_quoted(self, quoted: QuotedDelivery) -> VerifiedDelivery:
        """Return a delivery that the provider's API quoted; raises `HeadersRefused` or `BodyRefused`."""

    def handles(self, event_type: str) -> bool:
        """Return whether deliveries of this event type can change anything; others are only stored."""

    def decode(self, event_type: str, body: bytes) -> ProviderEvent:
        """Decode a stored body to a provider event; raises `EnvelopeUnreadable`."""

    def format_body(self, body: bytes) -> bytes:
        """Return a stored body as JSON text for people."""

    def get_secret_uses(self) -> Mapping[str, datetime]:
        """Return when each accepted secret last verified a delivery in this process, by fingerprint."""
