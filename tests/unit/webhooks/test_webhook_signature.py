"""Nothing is believed, or even decoded, before its signature matches."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.protocol.signature import SigningSecret, sign
from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.deliveries.delivery import BodyRefused, HeadersRefused, SignatureRefused
from core.domain.errors import ErrorKind
from tests.support.builders.webhooks import DELIVERY, SECRET, SIGNATURE, protocol, sign_headers, signature

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parents[2] / "data" / "signature_vectors.json").read_bytes())
BODY = b'{"zen":"Keep it logically awesome."}'
NOT_JSON = b"\xff{"


def headers_with(value: bytes | None, body: bytes = BODY) -> dict[bytes, bytes]:
    """Return the headers of a delivery whose signature is this value, None for none."""
    headers = {**sign_headers(body)}
    del headers[SIGNATURE]
    return headers if value is None else headers | {SIGNATURE: value}


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector["header"] == "X-Hub-Signature-256"],
    ids=lambda vector: vector["name"],
)
def test_computes_published_signatures(vector: dict[str, Any]) -> None:
    assert sign(vector["secret"], vector["payload"].encode()) == vector["signature"]


def test_verifies_a_published_delivery() -> None:
    """A JSON body with a signature of another implementation."""
    vector = next(one for one in VECTORS if one["name"] == "go-github sha256")
    body = vector["payload"].encode()
    headers = headers_with(vector["signature"].encode(), body)
    assert protocol(vector["secret"]).verify(headers, body).body == body


def test_rejects_the_mistyped_copy_of_the_published_signature() -> None:
    """A wrong digest of GitHub's example is in circulation."""
    vector = next(one for one in VECTORS if one["name"] == "github-docs")
    mistyped = vector["signature"].replace("8b043e17", "8b04e17e")
    with pytest.raises(SignatureRefused):
        protocol(vector["secret"]).verify(headers_with(mistyped.encode()), vector["payload"].encode())


def test_rejects_sha1() -> None:
    """In either header."""
    vector = next(one for one in VECTORS if one["header"] == "X-Hub-Signature")
    body, value = vector["payload"].encode(), vector["signature"].encode()
    verifying = protocol(vector["secret"])
    only_old = headers_with(None, body) | {b"x-hub-signature": value}
    with pytest.raises(SignatureRefused) as missing:
        verifying.verify(only_old, body)
    assert missing.value.reason == "signature_missing"
    with pytest.raises(SignatureRefused) as malformed:
        verifying.verify(headers_with(value, body), body)
    assert malformed.value.reason == "signature_malformed"


@pytest.mark.parametrize("value", [b"sha256=" + b"0" * 64, signature(BODY + b" "), signature(BODY, "other")])
def test_rejects_a_wrong_signature(value: bytes) -> None:
    """Of other bytes or another secret."""
    with pytest.raises(SignatureRefused) as refused:
        protocol().verify(headers_with(value), BODY)
    assert refused.value.reason == "signature_mismatch"


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"sha256=",
        b"sha256",
        signature(BODY)[7:],
        signature(BODY)[:-1],
        signature(BODY) + b"0",
        signature(BODY) + b"\n",
        b" " + signature(BODY),
        signature(BODY).upper(),
        b"sha256=" + signature(BODY)[7:].upper(),
        b"sha256=" + b"g" * 64,
        b"sha256=" + b" " * 64,
        b"sha256=" + b"\xff" * 64,
        b"sha256=" + "é".encode() * 32,
        b"sha1=" + b"0" * 40,
        b"sha512=" + b"0" * 128,
    ],
)
def test_rejects_a_malformed_signature(value: bytes) -> None:
    """Only `sha256=` with 64 lower-case digits is valid; any bytes are handled."""
    with pytest.raises(SignatureRefused) as refused:
        protocol().verify(headers_with(value), BODY)
    assert refused.value.reason == "signature_malformed"


@pytest.mark.parametrize("body", [BODY, NOT_JSON, b"", b"[" * 100_000], ids=["JSON", "bytes", "empty", "deep"])
@pytest.mark.parametrize("value", [None, b"sha256=short", b"sha256=" + b"0" * 64])
def test_checks_nothing_else_without_a_valid_signature(value: bytes | None, body: bytes) -> None:
    """The response is always the same; the log has the reason."""
    headers = headers_with(value, body) | {b"x-github-event": b"\x00", b"x-github-delivery": b""}
    with pytest.raises(SignatureRefused) as refused:
        protocol().verify(headers, body)
    assert (refused.value.kind, refused.value.code) == (ErrorKind.UNAUTHENTICATED, "webhook_signature_invalid")
    assert refused.value.reason not in refused.value.message


def test_checks_in_a_fixed_order() -> None:
    """Signature, then headers, then body."""
    headers = {**sign_headers(NOT_JSON)}
    with pytest.raises(BodyRefused):
        protocol().verify(headers, NOT_JSON)
    del headers[b"x-github-event"]
    with pytest.raises(HeadersRefused):
        protocol().verify(headers, NOT_JSON)


@pytest.mark.parametrize("secret", ["new", "old", "ältestes Geheimnis"])
def test_accepts_each_configured_secret(secret: str) -> None:
    """GitHub changes an App's secret in one step, so old and new are accepted together."""
    verifying = protocol("new", "old", "ältestes Geheimnis")
    assert verifying.verify(sign_headers(BODY, secret=secret), BODY).delivery_id == DELIVERY


def test_rejects_a_removed_secret() -> None:
    with pytest.raises(SignatureRefused):
        protocol("new").verify(sign_headers(BODY, secret="old"), BODY)


def test_empty_list_of_secrets_accepts_nothing() -> None:
    with pytest.raises(SignatureRefused):
        GitHubWebhooks([]).verify(sign_headers(BODY, secret=""), BODY)


def test_records_the_last_use_of_each_secret() -> None:
    """By fingerprint, which reveals nothing."""
    verifying = protocol("new", "old")
    assert verifying.get_secret_uses() == {}
    before = datetime.now(UTC)
    verifying.verify(sign_headers(BODY, secret="old"), BODY)
    ((mark, at),) = verifying.get_secret_uses().items()
    assert mark == SigningSecret("old").fingerprint
    assert before <= at <= datetime.now(UTC)
    assert (len(mark), mark in sign("old", b"")) == (16, False)
    with pytest.raises(SignatureRefused):
        verifying.verify(sign_headers(BODY, secret="stolen"), BODY)
    assert list(verifying.get_secret_uses()) == [mark]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_digest_covers_all_chunks(parts: list[bytes]) -> None:
    """For any split, under every secret."""
    body = b'{"parts":"' + b"".join(parts).hex().encode() + b'"}'
    cuts = [b'{"parts":"', *(part.hex().encode() for part in parts), b'"}']
    verifying = protocol("new", SECRET)
    digest = verifying.start_digest()
    for cut in cuts:
        digest.update(cut)
    assert verifying.verify(sign_headers(body), body, digest=digest) == verifying.verify(sign_headers(body), body)


def test_rejects_a_digest_of_other_bytes() -> None:
    """The digest computed on arrival must belong to this body."""
    verifying = protocol()
    digest = verifying.start_digest()
    digest.update(BODY[:-1])
    with pytest.raises(SignatureRefused):
        verifying.verify(sign_headers(BODY), BODY, digest=digest)
