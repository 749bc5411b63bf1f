"""Verification of GitHub's deliveries: headers, routing, replays and mismatched events."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.deliveries.delivery import (
    BodyRefused,
    DeliveryRefused,
    HeadersRefused,
    QuotedDelivery,
    SignatureRefused,
    Source,
    SourceSecrets,
    VerifiedDelivery,
)
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import ErrorKind
from core.domain.events.event import EnvelopeUnreadable
from core.domain.provider_events import RepositoryChanged, Unhandled
from core.domain.secret import Secret
from entrypoints.bootstrap.github import replay_signature
from tests.support.builders.webhooks import DELIVERY, SECRET, protocol, sign_headers

BODY = b'{"action":"opened","installation":{"id":41000001,"node_id":"x"},"repository":{"id":700000001}}'


def verify_body(body: bytes, *, form: bool = False) -> VerifiedDelivery:
    """Verify a body that is signed rightly."""
    return protocol().verify(sign_headers(body), body, form=form)


def test_delivery_has_headers_envelope_and_exact_bytes() -> None:
    """The proof contains what is needed to store and route the delivery."""
    assert verify_body(BODY) == VerifiedDelivery(
        provider="github",
        event_type="push",
        delivery_id=DELIVERY,
        action="opened",
        source_key="41000001",
        repo_id=verify_body(BODY).repo_id,
        body=BODY,
        source=Source.RECEIVED,
    )
    assert (verify_body(BODY).repo_id, verify_body(BODY).lane) == ("700000001", choose_lane("41000001"))


def logged_delivery(body: bytes, *, event: str = "push", delivery: str = DELIVERY) -> VerifiedDelivery:
    """Return what GitHub's API quoted, without a signature."""
    return protocol().accept_quoted(QuotedDelivery("github", delivery, event, body))


def test_accepts_a_delivery_of_the_delivery_log() -> None:
    """Without a signature, since the logged text may differ from the signed bytes."""
    assert logged_delivery(BODY) == replace(verify_body(BODY), source=Source.RECOVERED, is_unique=False)
    form = b"payload=%7B%22action%22%3A%22opened%22%7D"
    assert (logged_delivery(form).body, logged_delivery(form).action) == (form, "opened")


@pytest.mark.parametrize("delivery", ["", "a b", "a" * 65, "größe", "x\n"])
def test_checks_logged_ids_like_headers(delivery: str) -> None:
    """Recovery accepts only what a webhook could have."""
    with pytest.raises(HeadersRefused):
        logged_delivery(BODY, delivery=delivery)
    with pytest.raises(HeadersRefused):
        logged_delivery(BODY, event=delivery)
    with pytest.raises(BodyRefused):
        logged_delivery(b"[]")


def test_recognizes_handled_events() -> None:
    """Recovery fetches them before the others."""
    assert protocol().handles("push")
    assert protocol().handles("installation")
    assert not protocol().handles("ping")
    assert not protocol().handles("workflow_job")


def test_replay_needs_the_signature_of_an_operator() -> None:
    """Anyone can send the header; only the owner of the secret can sign."""
    headers = sign_headers(BODY)
    signature = headers[b"x-hub-signature-256"].decode()
    for other in (b"1", b"", signature.encode(), replay_signature("another secret", signature).encode()):
        found = protocol().verify({**headers, b"x-crewkit-replay": other}, BODY)
        assert (found.source, found.is_unique) == (Source.RECEIVED, True)
    replay = replay_signature(SECRET, signature).encode()
    found = protocol().verify({**headers, b"x-crewkit-replay": replay}, BODY)
    assert (found.source, found.is_unique) == (Source.REPLAYED, False)
    elsewhere = {**sign_headers(b"{}"), b"x-crewkit-replay": replay}
    assert protocol().verify(elsewhere, b"{}").source is Source.RECEIVED


def test_security_change_is_not_a_public_event() -> None:
    """A body of `security_and_analysis` has the fields of `public`, and `changes`."""
    body = {"repository": {"id": 1, "private": True}, "installation": {"id": 2}, "sender": {"id": 3}}
    assert isinstance(protocol().decode("public", json.dumps(body).encode()), RepositoryChanged)
    changed = json.dumps({**body, "changes": {"from": {}}}).encode()
    assert protocol().decode("public", changed) == Unhandled("event_name_mismatch")


BARE = {"installation": {"id": 2}, "organization": {"id": 4, "login": "acme"}, "sender": {"id": 3}}
SPOOFS: dict[str, tuple[str, dict[str, object]]] = {
    "a public body as repository": ("repository", {**BARE, "repository": {"id": 1}}),
    "a public body as push": ("push", {**BARE, "repository": {"id": 1}}),
    "organization.renamed as installation_target": (
        "installation_target",
        {**BARE, "action": "renamed", "changes": {"login": {"from": "acme-old"}}},
    ),
    "organization.renamed as repository": ("repository", {**BARE, "action": "renamed"}),
    "organization.renamed as pull_request": ("pull_request", {**BARE, "action": "renamed"}),
    "a repository body as pull_request": ("pull_request", {**BARE, "action": "renamed", "repository": {"id": 1}}),
}


@pytest.mark.parametrize(("event", "body"), SPOOFS.values(), ids=SPOOFS.keys())
def test_body_without_the_fields_of_its_event_is_a_mismatch(event: str, body: dict[str, object]) -> None:
    """It is ignored instead of failed, which an operator would try to repair."""
    assert protocol().decode(event, json.dumps(body).encode()) == Unhandled("event_name_mismatch")


@pytest.mark.parametrize(
    ("event", "body", "field"),
    [
        ("push", {"after": "a", "repository": {"id": 1}}, "ref"),
        ("pull_request", {"action": "opened", "number": 1, "repository": {"id": 1}}, "pull_request"),
        ("installation_target", {"action": "renamed", "target_type": "User"}, "account"),
        ("repository", {"action": 5, "repository": {"id": 1}}, "action"),
        ("repository", {"action": "renamed", "repository": {}}, "repository.id"),
    ],
)
def test_body_without_one_required_field_is_unreadable(event: str, body: dict[str, object], field: str) -> None:
    """Its other fields show that it belongs to the event."""
    with pytest.raises(EnvelopeUnreadable, match=f"`{field}`"):
        protocol().decode(event, json.dumps({**body, "installation": {"id": 2}}).encode())


@pytest.mark.parametrize("event", ["github_app_authorization", "installation_repositories", "installation_target"])
def test_events_without_a_time_can_repeat_their_bytes(event: str) -> None:
    """For example after adding, removing and adding a repository."""
    assert not protocol().verify(sign_headers(BODY, event.encode()), BODY).is_unique
    assert protocol().verify(sign_headers(BODY), BODY).is_unique


@pytest.mark.parametrize("event", [b"push", b"pull_request", b"projects_v2_item", b"a", b"a" * 64])
@pytest.mark.parametrize("delivery", [DELIVERY.encode(), b"0", b"Replay-1", b"f" * 64])
def test_accepts_valid_headers(event: bytes, delivery: bytes) -> None:
    """Events are words; delivery ids are GUIDs, or letters and digits of the service's tools."""
    found = protocol().verify(sign_headers(BODY, event, delivery), BODY)
    assert (found.event_type, found.delivery_id) == (event.decode(), delivery.decode())


@pytest.mark.parametrize("name", [b"x-github-event", b"x-github-delivery"])
def test_rejects_a_missing_header(name: bytes) -> None:
    """A delivery needs event and id."""
    headers = {**sign_headers(BODY)}
    del headers[name]
    with pytest.raises(HeadersRefused) as error:
        protocol().verify(headers, BODY)
    assert (error.value.reason, error.value.code) == ("header_missing", "webhook_headers_invalid")


@pytest.mark.parametrize("name", [b"x-github-event", b"x-github-delivery"])
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b" push",
        b"push\n",
        b"pu\x00sh",
        b"pu\x7fsh",
        b"a" * 65,
        b"a" * 10_000,
        b"push;drop",
        b"../push",
        "größe".encode(),
        b"\xff",
        b"-push",
        b"_push",
    ],
)
def test_rejects_a_malformed_header(name: bytes, value: bytes) -> None:
    """The signature does not cover headers, so a replayed body can have any."""
    with pytest.raises(HeadersRefused) as error:
        protocol().verify({**sign_headers(BODY), name: value}, BODY)
    assert (error.value.reason, error.value.kind) == ("header_malformed", ErrorKind.INVALID_ARGUMENT)


def test_rejects_upper_case_events() -> None:
    """GitHub's events are lower case, and stored events have one spelling."""
    with pytest.raises(HeadersRefused):
        protocol().verify(sign_headers(BODY, b"Push"), BODY)


@given(st.dictionaries(st.sampled_from([*sign_headers(b""), b"x-crewkit-replay"]), st.binary(max_size=80)))
def test_rejects_any_other_headers(headers: dict[bytes, bytes]) -> None:
    """Without any other error."""
    with pytest.raises(DeliveryRefused):
        protocol().verify(headers, BODY)


def test_secret_is_valid_for_its_source_only() -> None:
    """The secret of one integration must not work for another."""
    claimed = SourceSecrets("1", (Secret("of integration 1"),))
    claimed.require_source(replace(verify_body(BODY), source_key="1"))
    for other in ("2", None):
        with pytest.raises(SignatureRefused) as refused:
            claimed.require_source(replace(verify_body(BODY), source_key=other))
        assert refused.value.reason == "source_mismatch"


def test_github_has_no_source() -> None:
    """Its secret is the App's, so nothing is read before verification."""
    assert protocol().find_claimed_source(sign_headers(BODY), b"source=1") is None
