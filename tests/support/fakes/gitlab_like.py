"""A small second provider: webhooks like GitLab's, each integration with its own secret.

The address of a hook carries the integration's source key: `…/webhooks?source=group%3A42`. A request is
verified by its Standard Webhooks signature if it has one, else by the shared secret in `X-Gitlab-Token`.
https://docs.gitlab.com/user/project/integrations/webhooks/
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs

from core.domain.deliveries.delivery import (
    BodyRefused,
    HeadersRefused,
    QuotedDelivery,
    SignatureRefused,
    SourceSecrets,
    VerifiedDelivery,
)
from core.domain.identifiers import RepoId
from core.domain.provider_events import Author, Commit, ProviderEvent, Push, RepositoryFacts, Unhandled
from ports.webhooks import BodyDigest, Headers, WebhookProtocol

PROVIDER = "gitlab"
_NO_COMMIT = "0" * 40


class _NoDigest(BodyDigest):
    def update(self, chunk: bytes, /) -> None:
        """Do nothing: the signature covers headers first."""


class GitLabLikeWebhooks(WebhookProtocol):
    """Signature or token, headers, and pushes."""

    provider = PROVIDER

    def find_claimed_source(self, headers: Headers, query: bytes) -> str | None:  # noqa: ARG002 - the port's signature
        """Return what the hook's address says; a request without it claims a source that nobody has."""
        return parse_qs(query.decode("ascii", "replace")).get("source", [""])[0]

    def start_digest(self) -> BodyDigest:
        """Begin nothing."""
        return _NoDigest()

    def verify(
        self,
        headers: Headers,
        body: bytes,
        *,
        digest: BodyDigest | None = None,  # noqa: ARG002 - the port's signature
        form: bool = False,  # noqa: ARG002 - the port's signature
        claimed: SourceSecrets | None = None,
    ) -> VerifiedDelivery:
        """Verify with the integration's own secrets, then read the envelope."""
        matches = [_matches(headers, body, each.reveal()) for each in claimed.secrets] if claimed else []
        if claimed is None or not any(matches):
            raise SignatureRefused("signature_mismatch")
        event, delivery_id = headers.get(b"x-gitlab-event"), headers.get(b"webhook-id")
        if event is None or delivery_id is None:
            raise HeadersRefused("header_missing")
        try:
            project = json.loads(body)["project_id"]
        except (ValueError, KeyError, TypeError) as error:
            raise BodyRefused("body_not_json") from error
        return VerifiedDelivery(
            provider=PROVIDER,
            event_type=event.decode("ascii"),
            # Another integration must not be able to take the id of a delivery first.
            delivery_id=f"{claimed.source_key}/{delivery_id.decode('ascii')}",
            action=None,
            source_key=claimed.source_key,
            repo_id=RepoId(str(project)),
            body=body,
        )

    def accept_quoted(self, quoted: QuotedDelivery) -> VerifiedDelivery:  # noqa: ARG002 - the port's signature
        """Refuse: there is no log."""
        raise HeadersRefused("no_delivery_log")

    def handles(self, event_type: str) -> bool:
        """Return whether this is a push."""
        return event_type == "Push Hook"

    def decode(self, event_type: str, body: bytes) -> ProviderEvent:
        """Read a push."""
        if not self.handles(event_type):
            return Unhandled("event_not_handled")
        push = json.loads(body)
        facts = RepositoryFacts(RepoId(str(push["project_id"])), push["project"]["path"], private=True)
        commits = tuple(
            Commit(one["id"], one["message"], None, None, Author(one["author"]["name"])) for one in push["commits"]
        )
        return Push(
            repository=facts,
            ref=push["ref"],
            before=push["before"],
            after=push["after"],
            created=push["before"] == _NO_COMMIT,
            deleted=push["after"] == _NO_COMMIT,
            forced=False,
            compare_url=None,
            pusher=None,
            sender=None,
            commits=commits,
            commits_total=len(commits),
        )

    def format_body(self, body: bytes) -> bytes:
        """Return the body, which is JSON."""
        return body

    def get_secret_uses(self) -> Mapping[str, datetime]:
        """Return nothing: the secrets are not settings."""
        return {}


def open_webhooks(environment: Mapping[str, str]) -> GitLabLikeWebhooks:  # noqa: ARG001 - a factory's signature
    """Make the adapter, as `CREWKIT_GIT_ADAPTERS` names it."""
    return GitLabLikeWebhooks()


def signature(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()


def _matches(headers: Headers, body: bytes, secret: str) -> bool:
    given = headers.get(b"webhook-signature")
    if given is None:
        return hmac.compare_digest(headers.get(b"x-gitlab-token", b""), secret.encode())
    if not secret.startswith("whsec_"):
        return False
    delivery_id = headers.get(b"webhook-id", b"").decode("latin-1")
    timestamp = headers.get(b"webhook-timestamp", b"").decode("latin-1")
    expected = signature(secret, delivery_id, timestamp, body).encode()
    return max((hmac.compare_digest(expected, one) for one in given.split()), default=False)
