"""How every call goes out, and where a redirect may lead it."""

import re

import pytest
from starlette.responses import RedirectResponse

from adapters.github.provider import GitHubProvider
from core.domain.provider_errors import ProviderUnavailable
from tests.support.builders import github_answers as answers
from tests.support.checks.github_read import REPOSITORY, read
from tests.support.fakes.github import ACCESS, TOKEN, ScriptedGitHub, reply, run_scripted_github


async def test_every_call_has_user_agent_and_version(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub rejects calls without a user agent, and responses depend on the version."""
    github.answers(REPOSITORY, reply(answers.repository(7)))
    await read(provider)

    (received,) = github.received
    assert received.headers["accept"] == "application/vnd.github+json"
    assert received.headers["x-github-api-version"] == "2022-11-28"
    assert re.fullmatch(r"crewkit-git/\d+\.\d+\.\d+\S*", received.headers["user-agent"])
    assert received.headers["authorization"] == f"Bearer {TOKEN.reveal()}"
    assert "gzip" in received.headers["accept-encoding"]


async def test_follows_a_renamed_repository(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub redirects with 301; the credential is sent again."""
    github.answers(REPOSITORY, RedirectResponse("/repositories/7/moved", 301))
    github.answers("GET /repositories/7/moved", reply(answers.repository(7, full_name="apollo/rocket")))

    assert await read(provider) == "apollo/rocket"
    assert [one.headers["authorization"] for one in github.received] == [f"Bearer {TOKEN.reveal()}"] * 2


async def test_rejects_a_redirect_to_another_repository(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """A new repository may have the former name; only the id identifies it."""
    github.answers(REPOSITORY, RedirectResponse("/repositories/8", 301))
    github.answers("GET /repositories/8", reply(answers.repository(8)))

    with pytest.raises(ProviderUnavailable):
        await read(provider)


async def test_never_sends_a_token_to_another_host(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Redirects and links of GitHub may be forged."""
    async with run_scripted_github() as thief:
        elsewhere = f"{thief.url}/repositories/7"
        github.answers(REPOSITORY, RedirectResponse(elsewhere, 301))
        github.answers(
            "GET /installation/repositories",
            reply(answers.repositories(7, total=2), link=f'<{elsewhere}?page=2>; rel="next"'),
        )

        with pytest.raises(ProviderUnavailable):
            await read(provider)
        with pytest.raises(ProviderUnavailable):
            _ = [page async for page in provider.list_repository_pages(ACCESS)]

        assert thief.received == []
