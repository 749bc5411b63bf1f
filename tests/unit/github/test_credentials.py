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
from core.domain.provider import AppRefused, CredentialRefused
from core.domain.secret import Secret
from tests.support.builders.tokens import rsa_key
from tests.support.fakes.github import NOW, TOKEN, Time

# Both forms, as GitHub describes them; the newer holds dots and is ten times as long.
SHORT = TOKEN
LONG = Secret("ghs_1236_" + "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9." + "aB3-_" * 90 + "." + "Zz09-" * 17)


@pytest.mark.parametrize("token", [SHORT, LONG], ids=["36 letters", "stateless"])
def test_a_token_is_shown_as_it_is(token: Secret) -> None:
    """Its form is GitHub's business."""
    shown = TokenCredential(token, TokenAges())

    assert shown.header() == f"Bearer {token.reveal()}"
    assert shown.key not in token.reveal()
    assert shown.refusal is CredentialRefused


@pytest.mark.parametrize("text", ["", "a b", "ghs_a\r\nX: y", "ghs_é", "ghs_\x00"])
def test_what_cannot_be_sent_is_refused_unseen(text: str) -> None:
    """An HTTP library would repeat it in its error."""
    with pytest.raises(CredentialRefused) as refusal:
        TokenCredential(Secret(text), TokenAges())

    assert not text or text not in str(refusal.value)


def test_a_young_token_is_shown_again_with_growing_waits() -> None:
    """It is not known everywhere at GitHub the moment it is made."""
    time = Time()
    ages = TokenAges(time.monotonic)
    ages.note(TOKEN)
    shown = TokenCredential(TOKEN, ages)
    waits: list[float] = []
    while (wait := shown.compute_retry_delay(Rejection(None, len(waits)))) is not None:
        waits.append(wait)
        time.pass_by(wait)

    assert waits == [1, 2, 3]


def test_an_old_token_is_dead_when_refused() -> None:
    """Showing it again would only make its user wait."""
    time = Time()
    ages = TokenAges(time.monotonic)
    ages.note(TOKEN)
    time.pass_by(5)
    ages.note(TOKEN)

    assert TokenCredential(TOKEN, ages).compute_retry_delay(Rejection(None)) is None


def test_an_unknown_token_is_not_young() -> None:
    """Nobody said that it was just made."""
    assert TokenCredential(TOKEN, TokenAges()).compute_retry_delay(Rejection(None)) is None


def test_ages_are_kept_of_the_newest_only() -> None:
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


def test_the_app_is_shown_again_once_by_githubs_clock() -> None:
    """A second refusal means the key."""
    shown = as_app()

    assert shown.compute_retry_delay(Rejection(shown.header(), 0, NOW + timedelta(minutes=9))) == 0
    assert shown.compute_retry_delay(Rejection(shown.header(), 1, NOW + timedelta(minutes=20))) is None
    assert shown.refusal is AppRefused


def test_the_app_is_shown_again_where_another_call_learned_the_time() -> None:
    """Of many calls refused together for one wrong clock, all are mended."""
    shown = as_app()
    old = shown.header()
    shown.compute_retry_delay(Rejection(old, 0, NOW + timedelta(minutes=9)))

    assert shown.compute_retry_delay(Rejection(old, 0, NOW + timedelta(minutes=9))) == 0


def test_a_refused_key_is_not_shown_again() -> None:
    """Where the clocks agree, waiting changes nothing."""
    shown = as_app()

    assert shown.compute_retry_delay(Rejection(shown.header(), 0, NOW)) is None
    assert shown.compute_retry_delay(Rejection(shown.header(), 0, None)) is None


def test_the_client_is_shown_by_id_and_secret() -> None:
    """For what GitHub keeps of users' tokens."""
    shown = ClientCredential("Iv1.x", Secret("s:cret"))

    assert b64decode(shown.header().removeprefix("Basic ")) == b"Iv1.x:s:cret"
    assert shown.compute_retry_delay(Rejection(shown.header(), 0, NOW + timedelta(hours=1))) is None
    assert shown.refusal is AppRefused


def test_oauth_shows_nothing_in_headers() -> None:
    """Its endpoint wants everything in the form."""
    assert NoCredential().header() is None
    assert NoCredential().compute_retry_delay(Rejection(None, 0, NOW)) is None
