import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from time import time

import msgspec
import structlog

from adapters.github.protocol.authors import NOREPLY_HOST, AuthorReader
from adapters.github.protocol.bodies import extract_json, replace_lone_surrogates, require_utf8
from adapters.github.protocol.event_marks import DEFAULT_READER, ENVELOPE_READERS
from adapters.github.protocol.large_payloads import MAX_COMMITS, MAX_ROWS, shorten
from adapters.github.protocol.payloads import HANDLED, read_payload
from adapters.github.protocol.signature import SignatureDigest, SigningSecret, parse_signature
from adapters.github.skipped_fields import SkippedFieldReporter, SkippedFields
from adapters.github.tolerant_decoder import Id, TolerantDecoder, Unreadable
from core.domain.deliveries.delivery import (
    BodyRefused,
    HeadersRefused,
    QuotedDelivery,
    SignatureRefused,
    Source,
    SourceSecrets,
    VerifiedDelivery,
)
from core.domain.events.event import EnvelopeUnreadable
from core.domain.identifiers import RepoId
from core.domain.provider_events import ProviderEvent, Unhandled
from core.domain.secret import Secret
from ports.telemetry import Metrics
from ports.webhooks import BodyDigest, Headers, WebhookProtocol

PROVIDER = "github"

_log = structlog.get_logger(__name__)

# The signature does not cover headers: anyone who can replay a body can write anything here.
_EVENT = re.compile(rb"[a-z][a-z0-9_]{0,63}")
_DELIVERY = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]{0,63}")

# Users choose the action of `repository_dispatch`, so it can have any length and characters.
_MAX_ACTION = 100

# These events have no installation.
_STANDALONE = frozenset({"ping", "github_app_authorization"})

# The bodies of two equal changes are equal, because these payloads contain no time. All other processed
# events contain a time. https://docs.github.com/webhooks/webhook-events-and-payloads
_REPEATED = frozenset({b"github_app_authorization", b"installation_repositories", b"installation_target"})


class _Identified(msgspec.Struct):
    id: Id


class _Routing(msgspec.Struct):
    """The fields that are needed to store a delivery and to find its lane."""

    action: str | None = None
    installation: _Identified | None = None
    repository: _Identified | None = None


_decode_routing = TolerantDecoder(_Routing).decode


class GitHubWebhooks(WebhookProtocol):
    """Verifies and decodes GitHub's deliveries.

    Several secrets can be valid, because GitHub replaces an app's secret without an overlap.
    """

    def __init__(
        self,
        secrets: Sequence[Secret],
        *,
        noreply_hosts: Collection[str] = (NOREPLY_HOST,),
        metrics: Metrics | None = None,
    ) -> None:
        """Accept these secrets, and recognize noreply addresses at these hosts."""
        self._metrics = metrics
        self._skipped_fields = SkippedFieldReporter(PROVIDER, metrics)
        self._mismatches: set[str] = set()
        self._secrets = [SigningSecret(secret.reveal()) for secret in secrets]
        self._people = AuthorReader(noreply_hosts)
        self._uses: dict[str, float] = {}

    def find_claimed_source(self, headers: Headers, query: bytes) -> str | None:  # noqa: ARG002 - the port's signature
        """Return None: the App's secret is the same for all installations."""
        return None

    def start_digest(self) -> SignatureDigest:
        """Start the signatures of a body in parts."""
        return SignatureDigest(self._secrets)

    def verify(
        self,
        headers: Headers,
        body: bytes,
        *,
        digest: BodyDigest | None = None,
        form: bool = False,
        claimed: SourceSecrets | None = None,  # noqa: ARG002 - GitHub signs with the App's secret
    ) -> VerifiedDelivery:
        """Check the signature, the headers and the envelope, in this order."""
        self._check_signature(parse_signature(headers.get(b"x-hub-signature-256")), body, digest)
        event, delivery = headers.get(b"x-github-event"), headers.get(b"x-github-delivery")
        source = Source.REPLAYED if self._is_replay(headers) else Source.RECEIVED
        return _build_delivery(event, delivery, body, source, form=form)

    def accept_quoted(self, quoted: QuotedDelivery) -> VerifiedDelivery:
        """Check the names in the log, which are not signed, then the envelope."""
        event, delivery = quoted.event_type.encode(), quoted.delivery_id.encode()
        return _build_delivery(event, delivery, quoted.body, Source.RECOVERED, form=True)

    def handles(self, event_type: str) -> bool:
        """Return whether the service processes this event type."""
        return event_type in HANDLED

    def decode(self, event_type: str, body: bytes) -> ProviderEvent:
        """Return the provider event of a stored body. The envelope can still be invalid at this point."""
        skipped = SkippedFields()
        try:
            text = replace_lone_surrogates(_shorten(event_type, extract_json(body)))
            marks = ENVELOPE_READERS.get(event_type, DEFAULT_READER)
            envelope = marks.read(text, skipped)
            if marks.is_of_another_event(envelope, skipped):
                return self._record_mismatch(event_type)
            if event_type not in _STANDALONE and envelope.installation is None:
                if event_type in HANDLED:
                    _require_valid(skipped, "installation")
                return Unhandled("no_installation")
            provider_event = read_payload(event_type, envelope.action, text, self._people, skipped)
        except Unreadable as error:
            raise EnvelopeUnreadable(
                f"envelope_unreadable: In this {event_type} payload, {error}. Update crewkit-git to a "
                "version that accepts this payload, then retry the event."
            ) from error
        except (BodyRefused, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise EnvelopeUnreadable(
                f"envelope_unreadable: The payload is not valid JSON ({error}). Redeliver it on GitHub, "
                "or recover it from GitHub's delivery log."
            ) from error
        if skipped.counts:
            self._skipped_fields.report(event_type, skipped)
        return provider_event

    def format_body(self, body: bytes) -> bytes:
        """Return the JSON text of a stored body."""
        return extract_json(body)

    def get_secret_uses(self) -> Mapping[str, datetime]:
        """Return the last use of each secret in this process."""
        return {mark: datetime.fromtimestamp(at, UTC) for mark, at in self._uses.items()}

    def _record_mismatch(self, event_type: str) -> ProviderEvent:
        """Record a body of another event than the unsigned header names. It changes nothing."""
        if self._metrics is not None:
            self._metrics.count_event_name_mismatch(PROVIDER, event_type)
        if event_type not in self._mismatches:
            # Logged once per event type: the metric counts all of them, and each event's row has the reason.
            self._mismatches.add(event_type)
            _log.warning("event_name_mismatch", event_type=event_type)
        return Unhandled("event_name_mismatch")

    def _is_replay(self, headers: Headers) -> bool:
        """Return whether an operator, who knows a secret, signed a request to process the body again.

        Anyone can send the header, so an invalid value is ignored.
        """
        if (header := headers.get(b"x-crewkit-replay")) is None:
            return False
        expected = [secret.sign_replay(headers[b"x-hub-signature-256"]).hex().encode() for secret in self._secrets]
        return any(compare_digest(signature, header) for signature in expected)

    def _check_signature(self, expected: bytes, body: bytes, digest: BodyDigest | None) -> None:
        if isinstance(digest, SignatureDigest):
            computed = digest.signatures()
        else:
            computed = [secret.sign(body) for secret in self._secrets]
        matched = None
        for secret, signature in zip(self._secrets, computed, strict=True):
            # All secrets are compared, so that the time does not reveal which secret matches.
            if compare_digest(signature, expected):
                matched = secret
        if matched is None:
            raise SignatureRefused("signature_mismatch")
        self._uses[matched.fingerprint] = time()


def _build_delivery(
    event: bytes | None, delivery: bytes | None, body: bytes, source: Source, *, form: bool
) -> VerifiedDelivery:
    if event is None or delivery is None:
        raise HeadersRefused("header_missing")
    if not _EVENT.fullmatch(event) or not _DELIVERY.fullmatch(delivery):
        raise HeadersRefused("header_malformed")
    routing = _read_routing(extract_json(body) if form else body)
    installation, repository = routing.installation, routing.repository
    return VerifiedDelivery(
        provider=PROVIDER,
        event_type=event.decode("ascii"),
        delivery_id=delivery.decode("ascii"),
        action=_clean_action(routing.action),
        source_key=str(installation.id) if installation else None,
        repo_id=RepoId(str(repository.id)) if repository else None,
        body=body,
        source=source,
        # A replayed delivery must be processed again.
        is_unique=source is Source.RECEIVED and event not in _REPEATED,
    )


def _shorten(event_type: str, text: bytes) -> bytes:
    return shorten(text, max_rows=MAX_COMMITS if event_type == "push" else MAX_ROWS)


def _require_valid(skipped: SkippedFields, field: str) -> None:
    """Raise `Unreadable` if a field of the envelope has the wrong type, which must not count as missing."""
    for path, reason in skipped.reasons.items():
        if path.partition(".")[0] == field:
            raise Unreadable(path, reason)


def _read_routing(text: bytes) -> _Routing:
    """Decode the three required fields; repair lone surrogates only if that fails."""
    try:
        return _decode_strictly(text)
    except BodyRefused:
        repaired = replace_lone_surrogates(text)
        if repaired == text:
            raise
    return _decode_strictly(repaired)


def _decode_strictly(text: bytes) -> _Routing:
    """Decode a signed object without fields of the wrong type, which are checked during processing."""
    try:
        # The decoder skips what it does not need without checking that it is UTF-8.
        require_utf8(text)
        return _decode_routing(text, SkippedFields())
    except Unreadable as error:
        raise BodyRefused("body_not_an_object") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyRefused("body_not_json") from error


def _clean_action(action: str | None) -> str | None:
    if action is None or (len(action) <= _MAX_ACTION and action.isprintable()):
        return action
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in action[:_MAX_ACTION])
