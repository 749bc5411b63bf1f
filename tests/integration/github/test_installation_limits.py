"""GitHub counts calls by installation for all of its tokens, and returns the remaining number."""

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.identifiers import RepoId
from core.domain.provider_errors import RateLimited
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from testing.memory.metrics import MemoryMetrics
from tests.support.builders import github_answers as answers
from tests.support.checks.github_read import REPOSITORY
from tests.support.fakes.github import ScriptedGitHub, Time, github_provider, refusal, reply

REPO = RepoId("7")
FIRST, RENEWED = (InstallationAccess("41", Secret(f"ghs_token-{number}")) for number in (1, 2))
OTHER = InstallationAccess("42", Secret("ghs_token-3"))


async def test_rate_limit_applies_to_all_tokens_of_an_installation(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """A new token is not sent during the limit; another installation continues."""
    limited = refusal(403, "You have exceeded a secondary rate limit", retry_after="60")
    github.answers(REPOSITORY, limited, reply(answers.repository(7)), reply(answers.repository(7)))
    for access in (FIRST, RENEWED):
        with pytest.raises(RateLimited):
            await provider.get_repository(access, REPO)
    assert len(github.requests_of(REPOSITORY)) == 1

    assert (await provider.get_repository(OTHER, REPO)).repo_id == REPO
    time.pass_by(60)
    assert (await provider.get_repository(RENEWED, REPO)).repo_id == REPO


async def test_reports_the_remaining_limit_of_each(github: ScriptedGitHub, time: Time) -> None:
    """Of the app, and of every installation that made a call."""
    metrics = MemoryMetrics()
    github.answers(REPOSITORY, _reply_with_remaining(1250, of=12_500), _reply_with_remaining(12_500, of=12_500))
    github.answers("GET /app", reply(answers.APP, x_ratelimit_limit="5000", x_ratelimit_remaining="4000"))
    async with github_provider(github.url, time, metrics=metrics) as provider:
        await provider.get_repository(FIRST, REPO)
        await provider.get_repository(OTHER, REPO)
        await provider.get_app()
    assert metrics.budgets == {
        ("github", "installation", "41"): 0.1,
        ("github", "installation", "42"): 1.0,
        ("github", "app", ""): 0.8,
    }


def _reply_with_remaining(calls: int, *, of: int) -> Response:
    return reply(answers.repository(7), x_ratelimit_limit=str(of), x_ratelimit_remaining=str(calls))
