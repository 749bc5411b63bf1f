"""What is shown to GitHub, and when to show it again."""

from base64 import b64decode
from datetime import timedelta

import pytest

from adapters.github.api.app_jwt import AppJwt
from adapters.github.api.credentials import (
    AppCredential,
    ClientCredential,
    NoCredential,
    Rejection,
    TokenAges,
    TokenCredential,
)
from core.domain.provider_errors import AppRefused, CredentialRefused
from core.domain.secret import Secret
from tests.support.builders.tokens import rsa_key
from tests.support.fakes.github import NOW, TOKEN, Time

# Both forms, as GitHub describes them; the newer holds dots and is ten times as long.
SHORT = TOKEN
LONG = Secret("ghs_1236_" + "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9." + "aB3-_" * 90 + "." + "Zz09-" * 17)


@pytest.mark.parametrize("token", [SHORT, LONG], ids=["36 letters", "stateless"])
def test_sends_a_token_unchanged(token: Secret) -> None:
    """GitHub defines its format."""
    shown = TokenCredential(token, TokenAges())

    assert shown.header() == f"Bearer {token.reveal()}"
    assert shown.key not in token.reveal()
    assert shown.refusal is CredentialRefused


@pytest.mark.parametrize("text", ["", "a b", "ghs_a\r\nX: y", "ghs_é", "ghs_\x00"])
def test_rejects_an_unsendable_token_without_showing_it(text: str) -> None:
    """The error of an HTTP library would contain it."""
    with pytest.raises(CredentialRefused) as refusal:
        TokenCredential(Secret(text), TokenAges())

    assert not text or text not in str(refusal.value)


def test_retries_a_new_token_with_growing_waits() -> None:
    """GitHub does not accept it everywhere at once."""
    time = Time()
    ages = TokenAges(time.monotonic)
    ages.note(TOKEN)
    shown = TokenCredential(TOKEN, ages)
    waits: list[float] = []
    while (wait := shown.compute_retry_delay(Rejection(None, len(waits)))) is not None:
        waits.append(wait)
        time.pass_by(wait)

    assert waits == [1, 2, 3]


def test_does_not_retry_an_old_token() -> None:
    """A retry would only delay its user."""
    time = Time()
    ages = TokenAges(time.monotonic)
    ages.note(TOKEN)
    time.pass_by(5)
    ages.note(TOKEN)

    assert TokenCredential(TOKEN, ages).compute_retry_delay(Rejection(None)) is None


def test_unknown_token_is_not_new() -> None:
    assert TokenCredential(TOKEN, TokenAges()).compute_retry_delay(Rejection(None)) is None


def test_stores_the_age_of_the_newest_tokens_only() -> None:
    """Without the tokens themselves."""
    ages = TokenAges()
    for number in range(5_000):
        ages.note(Secret(f"ghs_{number}"))

    assert len(ages._since) == 4_096
    assert ages.is_new(Secret("ghs_4999"))
    assert not ages.is_new(Secret("ghs_0"))
    assert "ghs_" not in "".join(ages._since)


def as_app() -> AppCredential:
    """Give our app's credential."""
    return AppCredential(AppJwt("Iv1.x", rsa_key(), Time()))


def test_retries_the_app_once_with_the_time_of_github() -> None:
    """A second rejection means that the key is wrong."""
    shown = as_app()

    assert shown.compute_retry_delay(Rejection(shown.header(), 0, NOW + timedelta(minutes=9))) == 0
    assert shown.compute_retry_delay(Rejection(shown.header(), 1, NOW + timedelta(minutes=20))) is None
    assert shown.refusal is AppRefused


def test_retries_the_app_if_another_call_learned_the_time() -> None:
    """All calls that a wrong clock made fail succeed then."""
    shown = as_app()
    old = shown.header()
    shown.compute_retry_delay(Rejection(old, 0, NOW + timedelta(minutes=9)))

    assert shown.compute_retry_delay(Rejection(old, 0, NOW + timedelta(minutes=9))) == 0


def test_does_not_retry_a_rejected_key() -> None:
    """If the clocks agree, waiting changes nothing."""
    shown = as_app()

    assert shown.compute_retry_delay(Rejection(shown.header(), 0, NOW)) is None
    assert shown.compute_retry_delay(Rejection(shown.header(), 0, None)) is None


def test_authenticates_the_client_by_id_and_secret() -> None:
    """For the endpoints of user tokens."""
    shown = ClientCredential("Iv1.x", Secret("s:cret"))

    assert b64decode(shown.header().removeprefix("Basic ")) == b"Iv1.x:s:cret"
    assert shown.compute_retry_delay(Rejection(shown.header(), 0, NOW + timedelta(hours=1))) is None
    assert shown.refusal is AppRefused


def test_oauth_sends_no_authorization_header() -> None:
    """Its endpoint expects credentials in the form."""
    assert NoCredential().header() is None
    assert NoCredential().compute_retry_delay(Rejection(None, 0, NOW)) is None
