"""Secrets that nobody generated at random are refused, in production and in development."""

import base64
import secrets
from random import Random

import pytest

from entrypoints.settings.settings import Settings, SettingsRefused

DEVELOPMENT = {"CREWKIT_GIT_ENVIRONMENT": "development"}


def problem_of(name: str, text: str) -> str | None:
    """Return what is wrong with a value, or None."""
    try:
        Settings.from_environment({**DEVELOPMENT, f"CREWKIT_GIT_{name}": text})
    except SettingsRefused as refusal:
        (problem,) = refusal.problems
        assert len(text) == 1 or text not in str(problem)
        return problem.problem
    return None


@pytest.mark.parametrize("secret", ["a", "fifteen-random-", "s3cret", "0123456789abcde"])
def test_webhook_secret_has_at_least_16_characters(secret: str) -> None:
    assert problem_of("GITHUB_WEBHOOK_SECRETS", secret) == (
        f"the secret has {len(secret)} characters, but at least 16 are required"
    )


@pytest.mark.parametrize(
    "secret",
    [
        "aaaaaaaaaaaaaaaa",
        "0000000000000000000000000000000000000000",
        "abababababababab",
        "0123456789012345678901234567890123456789",
        "abcdefghijklmnop",
        "ponmlkjihgfedcba",
        "0123456789abcdef",
        "aabbccddeeffgghh",
        "secretsecretsecret",
        "my-webhook-secret",
        "github_webhook_secret",
        "changeme-changeme",
        "CHANGE_ME_CHANGE_ME",
        "replace-this-with-your-secret",
        "pa$$word-password-1234",
        "<your webhook secret here>",
    ],
)
def test_webhook_secret_is_not_a_pattern(secret: str) -> None:
    problem = problem_of("GITHUB_WEBHOOK_SECRETS", secret)
    assert problem is not None
    assert problem.endswith(("not random", "consists of one repeated character"))


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xff" * 32,
        b"A" * 32,
        b"0123456789abcdef" * 2,
        b"password" * 4,
        bytes(range(32)),
        bytes(range(255, 223, -1)),
        bytes(range(0, 256, 8)),
        b"abcdefghijklmnopqrstuvwxyz012345",
        b"0123456789" * 3 + b"01",
        bytes(16) + b"\xff" * 16,
        b"change-me-change-me-change-me-ch",
    ],
)
def test_encryption_key_is_not_a_pattern(key: bytes) -> None:
    text = base64.b64encode(key).decode()
    assert (problem_of("ENCRYPTION_KEYS", f"k1:{text}") or "accepted").startswith("the key `k1` ")


def test_names_a_weak_key_among_good_ones() -> None:
    good = base64.b64encode(secrets.token_bytes(32)).decode()
    weak = base64.b64encode(bytes(32)).decode()
    assert problem_of("ENCRYPTION_KEYS", f"new:{good},old:{weak}") == (
        "the key `old` consists of one repeated character"
    )


def test_accepts_random_secrets() -> None:
    """Of usual generators, in each of their alphabets; the seed makes failures repeat."""
    random = Random(2026)
    for _ in range(100):
        for generated in (
            random.randbytes(8).hex(),
            random.randbytes(32).hex(),
            base64.urlsafe_b64encode(random.randbytes(12)).decode(),
            base64.b64encode(random.randbytes(32)).decode(),
        ):
            assert problem_of("GITHUB_WEBHOOK_SECRETS", generated) is None
        key = base64.b64encode(random.randbytes(32)).decode()
        of_hex = base64.b64encode(random.randbytes(16).hex().encode()).decode()
        assert problem_of("ENCRYPTION_KEYS", f"k1:{key},k2:{of_hex}") is None
