"""Bodies of GitHub's deliveries: JSON objects and forms, valid and invalid."""

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.deliveries.delivery import BodyRefused, DeliveryRefused, VerifiedDelivery
from core.domain.errors import ErrorKind
from core.domain.events.event import EnvelopeUnreadable
from tests.support.builders.webhooks import protocol, sign_headers

BODY = b'{"action":"opened","installation":{"id":41000001,"node_id":"x"},"repository":{"id":700000001}}'
# Far deeper than GitHub nests, and deeper than any parser that recurses can follow.
DEEP = 100_000


def verify_body(body: bytes, *, form: bool = False) -> VerifiedDelivery:
    """Verify a body that is signed rightly."""
    return protocol().verify(sign_headers(body), body, form=form)


def rejection_of(body: bytes, *, form: bool = False) -> str:
    """Return why a rightly signed body is refused."""
    with pytest.raises(BodyRefused) as error:
        verify_body(body, form=form)
    assert (error.value.kind, error.value.code) == (ErrorKind.INVALID_ARGUMENT, "webhook_body_invalid")
    return error.value.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body_not_json"),
        (b" ", "body_not_json"),
        (b"{", "body_not_json"),
        (BODY[:-1], "body_not_json"),
        (BODY + b"x", "body_not_json"),
        (BODY + b"\x00", "body_not_json"),
        (BODY + BODY, "body_not_json"),
        (b"\xef\xbb\xbf" + BODY, "body_not_json"),
        (BODY.decode().encode("utf-16"), "body_not_json"),
        (b'{"action":"\xff"}', "body_not_json"),
        (b'{"skipped":"\xff"}', "body_not_json"),
        (b'{"skipped":"\xc0\x80"}', "body_not_json"),
        (b'{"skipped":"\xed\xa0\x80"}', "body_not_json"),
        (b'{"action":"a\nb"}', "body_not_json"),
        (b'{"skipped":NaN}', "body_not_json"),
        (b"{'action':'opened'}", "body_not_json"),
        (b'{"skipped":' + b"[" * DEEP + b"]" * DEEP + b"}", "body_not_json"),
        (b'{"action":' + b"[" * DEEP + b"]" * DEEP + b"}", "body_not_json"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "body_not_json"),
        (b"[" * DEEP, "body_not_an_object"),
        (b"[]", "body_not_an_object"),
        (b"[" + BODY + b"]", "body_not_an_object"),
        (b"null", "body_not_an_object"),
        (b"true", "body_not_an_object"),
        (b"1", "body_not_an_object"),
        (b'"{}"', "body_not_an_object"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_rejects_a_signed_body_that_is_not_an_object(body: bytes, reason: str) -> None:
    """Empty, truncated, too deep, of another encoding or type. Only the log has the reason."""
    assert rejection_of(body) == reason


@pytest.mark.parametrize(
    "body",
    [
        b'{"ref":"r","installation":"41000001"}',
        b'{"ref":"r","installation":{}}',
        b'{"ref":"r","installation":{"id":"forty"}}',
        b'{"ref":"r","installation":{"id":"041"}}',
        b'{"ref":"r","installation":{"id":"99999999999999999999"}}',
        b'{"ref":"r","installation":{"id":null}}',
        b'{"ref":"r","installation":{"id":true}}',
        b'{"ref":"r","installation":{"id":1.5}}',
        b'{"ref":"r","installation":{"id":0}}',
        b'{"ref":"r","installation":{"id":-1}}',
        b'{"ref":"r","installation":{"id":9223372036854775808}}',
        b'{"ref":"r","installation":{"id":1' + b"0" * 5000 + b"}}",
        b'{"ref":"r","installation":[1]}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_accepts_a_signed_object_of_wrong_types(body: bytes) -> None:
    """Processing reports the error."""
    kept = verify_body(body)
    assert (kept.action, kept.source_key, kept.repo_id, kept.body) == (None, None, None, body)
    with pytest.raises(EnvelopeUnreadable) as error:
        protocol().decode("push", body)
    assert error.value.message.startswith("envelope_unreadable: In this push payload, `installation")
    assert "expected" in error.value.message


@pytest.mark.parametrize(
    ("odd", "action", "installation", "repository"),
    [
        (b'"action":5', None, 41, "7"),
        (b'"action":["opened"]', None, 41, "7"),
        (b'"action":5,"skipped":1' + b"0" * 5000, None, 41, "7"),
        (b'"action":5,"skipped":1e999', None, 41, "7"),
        (b'"installation":{"id":"41"}', "opened", 41, "7"),
        (b'"installation":{"id":41.0}', "opened", 41, "7"),
        (b'"repository":{"id":"7"}', "opened", 41, "7"),
        (b'"repository":{"id":7.0}', "opened", 41, "7"),
        (b'"repository":{"id":"9007199254740993"}', "opened", 41, "9007199254740993"),
        (b'"repository":[]', "opened", 41, None),
        (b'"repository":{"id":1e400}', "opened", 41, None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_invalid_field_does_not_affect_other_routing_fields(
    odd: bytes, action: str | None, installation: int, repository: str | None
) -> None:
    """An id as text or float is accepted; an invalid field does not change the lane."""
    body = b'{"action":"opened","installation":{"id":41},"repository":{"id":7},%b}' % odd
    kept = verify_body(body)
    assert (kept.action, kept.source_key, kept.repo_id) == (action, str(installation), repository)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b" \r\n\t{} \n",
        b'{"action":null,"installation":null,"repository":null}',
        b'{"skipped":1' + b"0" * 5000 + b"}",
        b'{"skipped":1e999}',
        b'{"skipped":"\\u0000"}',
        b'{"skipped":"\xef\xbf\xbf"}',
    ],
)
def test_accepts_an_object_without_an_envelope(body: bytes) -> None:
    """Events may have no action, installation or repository."""
    assert (verify_body(body).action, verify_body(body).source_key, verify_body(body).lane) == (None, None, 0)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("opened", "opened"),
        ("My workflow_job", "My workflow_job"),
        ("größe 日本 🚀", "größe 日本 🚀"),
        ("a\x00b", "a\ufffdb"),
        ("a\nb\x1b[31m", "a\ufffdb\ufffd[31m"),
        ("\u202eevil", "\ufffdevil"),
        ("", ""),
        ("x" * 100, "x" * 100),
        ("x" * 10_000, "x" * 100),
        ("\n" * 10_000, "\ufffd" * 100),
    ],
)
def test_shortens_and_cleans_an_action(written: str, kept: str) -> None:
    """`repository_dispatch` lets users choose it, and a database stores no NUL."""
    assert verify_body(json.dumps({"action": written}).encode()).action == kept


@pytest.mark.parametrize("text", ['{"action":"opened"}', '{"action":"größe + 日本 & 100 %"}', " {} "])
def test_accepts_a_form(text: str) -> None:
    """GitHub may send the JSON in a form field; the signed bytes are stored."""
    body = b"a=1&payload=" + quote_plus(text).encode()
    kept = verify_body(body, form=True)
    assert (kept.body, kept.action) == (body, json.loads(text).get("action"))
    assert protocol().format_body(body) == text.encode()


def test_reads_a_form_like_its_json() -> None:
    payload = b'{"action":"renamed","installation":{"id":1},"account":{"id":9,"login":"acme"}}'
    form = b"payload=" + quote_plus(payload).encode()
    assert protocol().decode("installation_target", form) == protocol().decode("installation_target", payload)


def test_reads_json_despite_a_form_content_type() -> None:
    """A body that starts with a brace is not a form."""
    assert verify_body(BODY, form=True).action == "opened"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body_without_payload"),
        (b"payload", "body_not_json"),
        (b"payload=", "body_not_json"),
        (b"data=%7B%7D", "body_without_payload"),
        (b"Payload=%7B%7D", "body_without_payload"),
        (b"payload=%7B", "body_not_json"),
        (b"payload=%5B%5D", "body_not_an_object"),
        (b"payload=%7B%22a%22%3A%22%FF%22%7D", "body_not_a_form"),
        (b"payload=\xff", "body_not_a_form"),
        (b"a=1&" * 17 + b"payload=%7B%7D", "body_not_a_form"),
    ],
)
def test_rejects_a_form_without_an_object(body: bytes, reason: str) -> None:
    """Without a payload field, or with another value."""
    assert rejection_of(body, form=True) == reason


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
envelopes = st.dictionaries(
    st.sampled_from(["action", "installation", "repository", "id"]) | st.text(max_size=4),
    json_values | st.fixed_dictionaries({"id": st.integers(-1, 2**64)}) | st.text(max_size=5),
    max_size=5,
)


@given(envelopes, st.booleans(), st.sampled_from([None, 1]))
def test_accepts_every_json_object(found: dict[str, Any], ascii_only: bool, indent: int | None) -> None:
    """As any JSON library writes it, with the envelope fields of the right types."""
    body = json.dumps(found, ensure_ascii=ascii_only, indent=indent).encode()
    kept = verify_body(body)
    assert json.loads(kept.body) == found
    if kept.source_key is not None:
        assert kept.source_key == str(found["installation"]["id"])


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()), st.booleans())
def test_verifies_or_rejects_any_bytes(body: bytes, form: bool) -> None:
    """Without any other error."""
    try:
        kept = verify_body(body, form=form)
    except DeliveryRefused:
        return
    assert kept.body == body
    assert isinstance(json.loads(protocol().format_body(body)), dict)
