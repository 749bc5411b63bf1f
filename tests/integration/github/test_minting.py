"""Installation tokens are minted, narrowed and refused."""

from datetime import UTC, datetime

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.identifiers import RepoId
from core.domain.provider_errors import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
)
from tests.support.builders.github_answers import INSTALLATION, MINT, REMOVE
from tests.support.fakes.github import ScriptedGitHub, refusal, reply

MINTED = {"token": "ghs_x", "expires_at": "2026-11-23T13:00:00Z", "permissions": {"contents": "read"}}


async def test_requests_a_full_token_without_a_body(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """A body would narrow it."""
    known.answers(MINT, reply(MINTED, 201))
    minted = await provider.mint_token("41")

    assert minted.token.reveal() == "ghs_x"
    assert minted.expires_at == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert minted.permissions == {"contents": "read"}
    assert known.received[0].body == b""


async def test_narrows_a_token(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """To repositories by id and to permissions."""
    known.answers(MINT, reply(MINTED, 201))
    await provider.mint_token("41", repo_ids=[RepoId("7"), RepoId("8")], permissions={"contents": "read"})

    assert known.received[0].json == {"repository_ids": [7, 8], "permissions": {"contents": "read"}}
    assert known.received[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("count", [0, 501])
async def test_never_requests_a_token_for_no_repository(
    count: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub would treat an empty list as all repositories; it rejects more than 500."""
    with pytest.raises(ValueError, match="1 to 500"):
        await provider.mint_token("41", repo_ids=[RepoId(str(number)) for number in range(count)])

    assert github.received == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(403, "This installation has been suspended"), InstallationSuspended),
        (refusal(403, "Resource not accessible by integration"), PermissionMissing),
        (refusal(422, "The permissions requested are not granted to this installation."), PermissionMissing),
        (refusal(422, "There is at least one repository that does not exist"), NotVisible),
        (refusal(404, "Not Found"), InstallationGone),
        (refusal(401, "A JSON web token could not be decoded"), CredentialRefused),
    ],
    ids=["suspended", "forbidden", "not granted", "not covered", "gone", "refused"],
)
async def test_rejected_mint_is_an_error_of_the_installation_if_the_app_works(
    answer: Response, error: type[Exception], known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """The app is checked with the same key first."""
    known.answers(MINT, answer)

    with pytest.raises(error) as refused:
        await provider.mint_token("41")

    assert not isinstance(refused.value, AppRefused)


@pytest.mark.parametrize("status", [401, 404])
async def test_rejected_app_is_not_an_error_of_the_installation(
    status: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """With a wrong key or id, every installation looks suspended or deleted."""
    for request in ("GET /app", INSTALLATION, MINT, REMOVE):
        github.answers(request, refusal(status, "no"))

    for call in (provider.mint_token, provider.get_installation, provider.uninstall):
        with pytest.raises(AppRefused):
            await call("41")


async def test_missing_installation_is_not_gone_during_an_outage(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """A 404 during an outage is not a proof."""
    github.answers("GET /app", refusal(500, "Server Error"))
    for request in (INSTALLATION, MINT):
        github.answers(request, refusal(404, "Not Found"))

    for call in (provider.mint_token, provider.get_installation):
        with pytest.raises(ProviderUnavailable):
            await call("41")
