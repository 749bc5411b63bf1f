"""No token, secret or signature gets into a log line or an alert."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.observability.redaction import REDACTED, redact, redact_text
from core.domain.secret import Secret
from tests.support.builders import tokens

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
SECRETS = {
    "installation token, older form": "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
    "installation token, newer form": f"ghs_410001_{JWT}{'x_-.' * 100}",
    "user token": "ghu_16C7e42F292c6912E7710c838347Ae178B4a",
    "refresh token": "ghr_" + "1B4a" * 19,
    "OAuth token": "gho_16C7e42F292c6912E7710c838347Ae178B4a",
    "personal token": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "fine-grained token": "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz",
    "JWT": JWT,
    "unsigned JWT": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    "private key": tokens.private_pem(tokens.ed25519_key()).decode(),
    "cut-off private key": tokens.private_pem(tokens.ed25519_key()).decode()[:80],
}
SURROUNDINGS = [
    "{}",
    "token {}",
    "x={}",
    "https://x-access-token:{}@github.com/a/b",
    '{{"a":"{}"}}',
    "({})",
    "a\n{}\nb",
]


@pytest.mark.parametrize("surrounding", SURROUNDINGS)
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_redacts_tokens_and_keys_in_any_text(secret: str, surrounding: str) -> None:
    """Recognized by their format."""
    text = redact_text(surrounding.format(secret))

    assert REDACTED in text
    for length in (12, len(secret)):
        assert secret[-length:] not in text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("postgresql://crewkit:s3cret@db:5432/x", "postgresql://[redacted]@db:5432/x"),
        ("redis://:s3cret@redis/0?a=b", "redis://[redacted]@redis/0?a=b"),
        ("https://s3cret@sentry.example/1", "https://[redacted]@sentry.example/1"),
        ("could not reach amqp://u:s3c@ret@h", "could not reach amqp://[redacted]@h"),
        ("Authorization: Bearer s3cret-s3cret", "Authorization: Bearer [redacted]"),
        ("authorization: basic dXNlcjpzM2NyZXQ=", "authorization: basic [redacted]"),
        (f"sha256={'0a' * 32} differs", "sha256=[redacted] differs"),
        (f"b'sha1={'0a' * 20}'", "b'sha1=[redacted]'"),
        (
            "/callback?code=s3cret&state=s3cret&setup_action=install",
            "/callback?code=[redacted]&state=[redacted]&setup_action=install",
        ),
        ("dbname=x password=s3cret host=h", "dbname=x password=[redacted] host=h"),
        ("{'client_secret': 's3cret', 'a': 1}", "{'client_secret': '[redacted]', 'a': 1}"),
        ('{"access_token":"s3cret"}', '{"access_token":"[redacted]"}'),
        ("code_verifier=s3cret", "code_verifier=[redacted]"),
    ],
)
def test_redacts_secrets_by_their_context(text: str, safe: str) -> None:
    """Passwords have no format; the text around them has."""
    assert redact_text(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "https://github.com/acme/rocket/compare/a...b?x=1",
        "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
        "refs/heads/fix_token_refresh",
        "The access token is missing, expired or not valid. Sign in again.",
        "webhook_signature_invalid",
        "a@b.example wrote: hello",
        "git@github.com:acme/rocket.git",
        "state=active",
    ],
)
def test_keeps_ordinary_text(text: str) -> None:
    """Ids, commits, branches, addresses and sentences."""
    assert redact_text(text) == text


def test_redacts_values_by_name_at_any_depth() -> None:
    value = {
        "headers": [("X-Hub-Signature-256", b"sha256=" + b"0a" * 32)],
        "authorization": "s3cret",
        "nested": {"api": {"refresh_token": "s3cret", "id": 7}},
        "no_token": None,
        "secret": Secret("s3cret"),
        "plain": Secret("s3cret"),
        "error": ValueError("password=s3cret"),
    }

    safe = redact(value)

    assert "s3cret" not in str(safe)
    assert "0a0a" not in str(safe)
    assert safe["nested"]["api"]["id"] == 7
    assert safe["no_token"] is None


def test_values_become_plain_json() -> None:
    """Any logged value can be written."""
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)

    assert redact([moment, UUID(int=1), {1: {2}}, 1.5, True]) == [
        "2026-11-23T12:00:00+00:00",
        "00000000-0000-0000-0000-000000000001",
        {"1": [2]},
        1.5,
        True,
    ]


@given(st.text(), st.text())
def test_redacts_a_token_in_any_context(before: str, after: str) -> None:
    """Except after a letter that makes it part of a longer word."""
    token = SECRETS["installation token, older form"]

    assert token not in redact_text(before + token + after)


@given(st.text(alphabet=" :/@=?&\"'.-_eyJghs0abtokensecret", max_size=2000))
def test_redaction_takes_limited_time_and_never_fails(text: str) -> None:
    """Callers choose some logged texts, such as a path."""
    redact_text(text)
