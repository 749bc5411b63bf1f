"""The claim by which our app says who it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from adapters.github.api.app_jwt import AppJwt, read_private_key
from core.domain.secret import Secret
from testing.memory.clock import SettableClock
from tests.support.builders.tokens import p256_key, private_pem, public_pem, rsa_key

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ISSUER = "Iv1.8a61f9b3a7aba766"


def pkcs1() -> str:
    """Write the key as GitHub does."""
    return rsa_key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def pkcs8() -> str:
    """Write the key as most other tools do."""
    return private_pem(rsa_key()).decode()


@pytest.fixture
def clock() -> SettableClock:
    """Give a clock."""
    return SettableClock(NOW)


@pytest.fixture
def signer(clock: SettableClock) -> AppJwt:
    """Give a signer by this clock."""
    return AppJwt(ISSUER, read_private_key(Secret(pkcs1())), clock)


def claims(token: str) -> dict[str, Any]:
    """Check the signature and return what is signed."""
    found: dict[str, Any] = jwt.decode(
        token, public_pem(rsa_key()), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    return found


@pytest.mark.parametrize(
    "text",
    [
        pkcs1(),
        pkcs8(),
        pkcs1().replace("\n", "\\n"),
        pkcs8().replace("\n", "\\r\\n"),
        pkcs1().replace("\n", "\r\n"),
        f"  \n{pkcs8()}\n\n",
    ],
    ids=["PKCS#1", "PKCS#8", "escaped newlines", "escaped CRLF", "CRLF", "blanks around"],
)
def test_reads_a_key_in_each_form(text: str) -> None:
    """Environments have it in one line, and tools change its format."""
    assert read_private_key(Secret(text)).private_numbers() == rsa_key().private_numbers()


def encrypted_key() -> str:
    """Write the key under a password."""
    encryption = BestAvailableEncryption(b"password")
    return rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        pkcs1()[:200],
        public_pem(rsa_key()),
        private_pem(p256_key()).decode(),
        private_pem(rsa_key("short", 1024)).decode(),
        encrypted_key(),
    ],
    ids=["empty", "a password", "cut off", "public", "not RSA", "short", "locked"],
)
def test_rejects_an_unusable_key_without_showing_it(text: str) -> None:
    """At the start, since the message may be logged."""
    with pytest.raises(ValueError, match="the app's private key is no") as refusal:
        read_private_key(Secret(text))

    assert refusal.value.__cause__ is None
    assert not any(line in str(refusal.value) for line in text.split("\n") if line)


def test_claim_tolerates_a_minute_of_clock_difference(signer: AppJwt) -> None:
    """GitHub rejects claims issued in its future, or that end more than 10 minutes ahead."""
    found = claims(signer.current())

    assert found == {"iss": ISSUER, "iat": int(NOW.timestamp()) - 60, "exp": int(NOW.timestamp()) + 540}


def test_caches_a_claim_and_renews_it_early(signer: AppJwt, clock: SettableClock) -> None:
    """Signing is expensive; a claim that is sent is valid for some minutes."""
    first = signer.current()
    clock.advance(timedelta(minutes=4, seconds=59))
    assert signer.current() == first

    clock.advance(timedelta(seconds=1))
    second = signer.current()
    assert second != first
    assert claims(second)["exp"] - claims(first)["exp"] == 300


def test_clock_that_moves_back_renews_the_claim(signer: AppJwt, clock: SettableClock) -> None:
    """Otherwise its time would be in GitHub's future."""
    signer.current()
    clock.advance(timedelta(hours=-1))

    assert claims(signer.current())["iat"] == int((NOW - timedelta(hours=1, minutes=1)).timestamp())


@pytest.mark.parametrize("skew", [timedelta(minutes=7), timedelta(hours=-30)])
def test_uses_the_time_of_github(signer: AppJwt, clock: SettableClock, skew: timedelta) -> None:
    """GitHub checks claims by its own clock."""
    github_time = NOW + skew

    signer.adjust_clock(github_time)
    assert claims(signer.current())["iat"] == int(github_time.timestamp()) - 60
    # The offset stays while the local clock is wrong.
    clock.advance(timedelta(hours=1))
    assert claims(signer.current())["iat"] == int(github_time.timestamp()) + 3540


def test_notices_a_corrected_clock(signer: AppJwt) -> None:
    """The offset was local and is not permanent."""
    signer.adjust_clock(NOW + timedelta(minutes=7))

    signer.adjust_clock(NOW)
    assert claims(signer.current())["iat"] == int(NOW.timestamp()) - 60


@pytest.mark.parametrize("github_time", [None, NOW, NOW + timedelta(seconds=4), NOW - timedelta(seconds=4)])
def test_rejection_without_a_clock_difference_has_another_cause(signer: AppJwt, github_time: datetime | None) -> None:
    """The key is wrong then, and another signature would not help."""
    before = signer.current()
    signer.adjust_clock(github_time)

    assert signer.current() == before
