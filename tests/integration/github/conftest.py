"""A scripted GitHub, and the adapter that calls it."""

from collections.abc import AsyncIterator

import pytest

from adapters.github.provider import GitHubProvider
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import ScriptedGitHub, Time, github_provider, reply, run_scripted_github


@pytest.fixture
def time() -> Time:
    """Give time that passes only by sleeping."""
    return Time()


@pytest.fixture
async def github() -> AsyncIterator[ScriptedGitHub]:
    """Run a GitHub of the test's own."""
    async with run_scripted_github() as running:
        yield running


@pytest.fixture
async def provider(github: ScriptedGitHub, time: Time) -> AsyncIterator[GitHubProvider]:
    """Give the adapter, pointed at it."""
    async with github_provider(github.url, time) as made:
        yield made


@pytest.fixture
def known(github: ScriptedGitHub) -> ScriptedGitHub:
    """Give a GitHub that accepts our app."""
    github.answers("GET /app", reply(answers.APP))
    return github
