"""OAuth's forms and answers."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from adapters.github.api import oauth
from core.domain.provider_errors import AnswerUnreadable, AppRefused, CredentialRefused
from core.domain.secret import Secret
from tests.support.fakes.github import NOW

SECRET = Secret("s3cret")


def query(url: str) -> dict[str, str]:
    """Return a query or form with one value each."""
    return {name: value for name, (value,) in parse_qs(url, strict_parsing=True).items()}


def answer(text: bytes) -> oauth.TokensResponse:
    """Read an answer."""
    return msgspec.json.decode(text, type=oauth.TokensResponse)


def test_authorization_url_has_state_and_challenge() -> None:
    """And no scopes, since an app has none."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    url = oauth.build_authorize_url(
        "https://github.com/login/oauth/authorize",
        client_id="Iv1.x",
        state="a&b=c",
        redirect_uri="https://crewkit.example/callback?x=1",
        code_challenge=create_s256_code_challenge(verifier),
    )

    assert url.startswith("https://github.com/login/oauth/authorize?")
    assert query(urlsplit(url).query) == {
        "response_type": "code",
        "client_id": "Iv1.x",
        "redirect_uri": "https://crewkit.example/callback?x=1",
        "state": "a&b=c",
        # https://www.rfc-editor.org/rfc/rfc7636#appendix-B
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }


def test_challenges_follow_the_rfc() -> None:
    """SHA-256, base64url, no padding: GitHub requires 43 characters."""
    expected = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()

    assert create_s256_code_challenge("v" * 43) == expected


def test_exchanges_a_code_with_its_verifier() -> None:
    """A code that another page intercepted is useless."""
    form = oauth.build_code_form(
        "Iv1.x", SECRET, Secret("c+de"), redirect_uri="https://a.example/cb", code_verifier=Secret("v")
    )

    assert query(form) == {
        "grant_type": "authorization_code",
        "client_id": "Iv1.x",
        "client_secret": "s3cret",
        "code": "c+de",
        "redirect_uri": "https://a.example/cb",
        "code_verifier": "v",
    }


def test_code_of_an_installation_has_no_verifier() -> None:
    """GitHub starts that flow itself."""
    form = oauth.build_code_form("Iv1.x", SECRET, Secret("code"), redirect_uri=None, code_verifier=None)

    assert set(query(form)) == {"grant_type", "client_id", "client_secret", "code"}


def test_exchanges_a_refresh_token() -> None:
    """With the client secret, which GitHub requires."""
    form = oauth.build_refresh_form("Iv1.x", SECRET, Secret("ghr_1"))

    assert query(form) == {
        "grant_type": "refresh_token",
        "client_id": "Iv1.x",
        "client_secret": "s3cret",
        "refresh_token": "ghr_1",
    }


def test_expiry_follows_the_response() -> None:
    """Counted from before the request, so that the stored expiry is slightly early."""
    response = answer(
        b'{"access_token":"ghu_1","expires_in":28800,"refresh_token":"ghr_1",'
        b'"refresh_token_expires_in":15811200,"scope":"","token_type":"bearer"}'
    ).to_domain(NOW)

    assert response.access_token.reveal() == "ghu_1"
    assert response.refresh_token is not None
    assert response.refresh_token.reveal() == "ghr_1"
    assert response.expires_at == NOW + timedelta(hours=8)
    assert response.refresh_expires_at == NOW + timedelta(days=183)
    assert response.scopes == ()


def test_accepts_tokens_without_expiry() -> None:
    """Of apps that opted out; they have no refresh token either."""
    response = answer(b'{"access_token":"ghu_1","scope":"repo,user:email","token_type":"bearer"}').to_domain(NOW)

    assert (response.expires_at, response.refresh_token, response.refresh_expires_at) == (None, None, None)
    assert response.scopes == ("repo", "user:email")


@pytest.mark.parametrize("error", ["bad_verification_code", "bad_refresh_token", "something_new"])
def test_rejected_code_or_token_is_an_error_of_the_user(error: str) -> None:
    """A new connection gets a new one."""
    with pytest.raises(CredentialRefused) as refusal:
        answer(b'{"error":"%b","error_description":"..."}' % error.encode()).to_domain(NOW)

    assert not isinstance(refusal.value, AppRefused)


@pytest.mark.parametrize("error", ["incorrect_client_credentials", "redirect_uri_mismatch", "unsupported_grant_type"])
def test_rejected_configuration_is_not_an_error_of_the_user(error: str) -> None:
    """Otherwise one wrong secret would disconnect every user."""
    with pytest.raises(AppRefused):
        answer(b'{"error":"%b"}' % error.encode()).to_domain(NOW)


def test_response_without_token_and_error_is_unreadable() -> None:
    """It does not mean that the user has to connect again."""
    with pytest.raises(AnswerUnreadable):
        answer(b"{}").to_domain(NOW)
