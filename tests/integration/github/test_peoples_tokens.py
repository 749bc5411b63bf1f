"""A person's tokens are got for a code, refreshed and ended."""

from base64 import b64encode
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.provider_errors import AppRefused, CredentialRefused, ProviderUnavailable, RateLimited
from core.domain.secret import Secret
from tests.support.fakes.github import CLIENT_ID, CLIENT_SECRET, NOW, USER, ScriptedGitHub, refusal, reply

TRADE = "POST /login/oauth/access_token"
GRANT, TOKEN = (f"DELETE /applications/{CLIENT_ID}/{what}" for what in ("grant", "token"))
TOKENS = {
    "access_token": "ghu_new",
    "expires_in": 28800,
    "refresh_token": "ghr_new",
    "refresh_token_expires_in": 15811200,
    "scope": "",
    "token_type": "bearer",
}


def no(error: str) -> Response:
    """Refuse as OAuth's endpoint does: with success as its status."""
    return reply({"error": error, "error_description": "...", "error_uri": "https://docs.github.com"})


async def exchange(provider: GitHubProvider) -> None:
    """Trade a code."""
    await provider.exchange_code(Secret("code"), redirect_uri=None, code_verifier=None)


async def refresh(provider: GitHubProvider) -> None:
    """Trade a refresh token."""
    await provider.refresh(Secret("ghr_old"))


def test_builds_the_authorization_url(provider: GitHubProvider, github: ScriptedGitHub) -> None:
    """For this client, with a PKCE challenge."""
    url = urlsplit(
        provider.build_authorize_url(state="s", redirect_uri="https://crewkit.example/cb", code_challenge="c" * 43)
    )

    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{github.url}/login/oauth/authorize"
    assert parse_qs(url.query)["client_id"] == [CLIENT_ID]
    assert parse_qs(url.query)["code_challenge_method"] == ["S256"]


async def test_exchanges_a_code_for_tokens(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Requests JSON, since GitHub otherwise returns a form."""
    github.answers(TRADE, reply(TOKENS))
    tokens = await provider.exchange_code(
        Secret("code"), redirect_uri="https://crewkit.example/cb", code_verifier=Secret("v" * 43)
    )

    (received,) = github.received
    assert received.headers["accept"] == "application/json"
    assert "authorization" not in received.headers
    assert received.form["client_secret"] == CLIENT_SECRET
    assert received.form["code_verifier"] == "v" * 43
    assert tokens.access_token.reveal() == "ghu_new"
    assert tokens.expires_at == NOW + timedelta(hours=8)


async def test_exchanges_a_refresh_token_for_tokens(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The response has a new refresh token; the former is invalid."""
    github.answers(TRADE, reply(TOKENS))
    tokens = await provider.refresh(Secret("ghr_old"))

    assert github.received[0].form["refresh_token"] == "ghr_old"
    assert tokens.refresh_token is not None
    assert tokens.refresh_token.reveal() == "ghr_new"


@pytest.mark.parametrize("trade", [exchange, refresh])
async def test_recognizes_errors_with_status_200(
    trade: object, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    github.answers(TRADE, no("bad_verification_code"))

    with pytest.raises(CredentialRefused) as refused:
        await trade(provider)  # type: ignore[operator]

    assert not isinstance(refused.value, AppRefused)


@pytest.mark.parametrize(
    "answer",
    [
        no("incorrect_client_credentials"),
        no("redirect_uri_mismatch"),
        reply({"error": "Not Found"}, 404),
        refusal(404, "Not Found"),
        refusal(401, "Bad credentials"),
    ],
)
@pytest.mark.parametrize("trade", [exchange, refresh])
async def test_wrong_client_secret_does_not_affect_users(
    trade: object, answer: Response, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Otherwise all users would have to connect again after a typing error."""
    github.answers(TRADE, answer)

    with pytest.raises(AppRefused):
        await trade(provider)  # type: ignore[operator]


@pytest.mark.parametrize(
    "answer", [refusal(502, "Server Error"), Response("<html>"), Response("access_token=ghu_1&scope="), reply([])]
)
@pytest.mark.parametrize("trade", [exchange, refresh])
async def test_sends_codes_and_refresh_tokens_once(
    trade: object, answer: Response, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """They work once, so a retry would always fail."""
    github.answers(TRADE, answer)

    with pytest.raises(ProviderUnavailable):
        await trade(provider)  # type: ignore[operator]

    assert len(github.received) == 1


async def test_rate_limit_of_the_exchange_does_not_affect_users(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub allows an app 2,000 per hour."""
    github.answers(TRADE, refusal(429, "Too many", retry_after="120"))
    with pytest.raises(RateLimited):
        await refresh(provider)
    with pytest.raises(RateLimited):
        await exchange(provider)

    assert len(github.received) == 1


async def test_revokes_a_token_and_a_grant_as_the_client(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The token is in the body, never in the URL."""
    for request in (GRANT, TOKEN):
        github.answers(request, Response(status_code=204))

    await provider.revoke_user_token(USER)
    await provider.revoke_grant(USER)

    basic = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    for received in github.received:
        assert received.headers["authorization"] == f"Basic {basic}"
        assert received.json == {"access_token": USER.reveal()}
        assert received.query == {}


@pytest.mark.parametrize("status", [404, 422])
async def test_invalid_token_is_revoked_but_its_grant_is_unknown(
    status: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub cannot identify its grant, which may still exist."""
    for request in (GRANT, TOKEN):
        github.answers(request, refusal(status, "Not Found"))

    await provider.revoke_user_token(USER)
    with pytest.raises(CredentialRefused):
        await provider.revoke_grant(USER)


async def test_wrong_client_secret_is_an_error_of_the_service(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The user's token is not affected."""
    github.answers(GRANT, refusal(401, "Bad credentials"))

    with pytest.raises(AppRefused):
        await provider.revoke_grant(USER)
