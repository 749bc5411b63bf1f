"""Calls wait their turn: for GitHub's limits, and for one another."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest
from starlette.requests import Request
from starlette.responses import Response

from adapters.github.api.limits import Limits
from adapters.github.provider import GitHubProvider
from core.domain.provider_errors import RateLimited
from tests.support.builders import github_answers as answers
from tests.support.checks.github_read import REPOSITORY, read, slowly
from tests.support.fakes.github import NOW, ScriptedGitHub, Time, github_provider, refusal, reply, until


async def test_waits_for_retry_after(github: ScriptedGitHub, provider: GitHubProvider, time: Time) -> None:
    """If it is short enough for the caller."""
    github.answers(
        REPOSITORY,
        refusal(429, "Too many", retry_after="2"),
        refusal(503, "Down for a moment", retry_after="3"),
        reply(answers.repository(7)),
    )

    assert await read(provider) == "acme/rocket-7"
    assert time.slept == [2.3, 3.6]


async def test_secondary_limit_pauses_its_credential(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Nothing is sent meanwhile, and other credentials continue."""
    github.answers(
        REPOSITORY,
        refusal(403, "You have exceeded a secondary rate limit", retry_after="60"),
        reply(answers.repository(7)),
    )
    github.answers("GET /app", reply(answers.APP))

    with pytest.raises(RateLimited) as limited:
        await read(provider)
    assert limited.value.until == NOW + timedelta(seconds=60)
    time.pass_by(59)
    with pytest.raises(RateLimited):
        await read(provider)
    assert len(github.requests_of(REPOSITORY)) == 1
    await provider.get_app()

    time.pass_by(1)
    assert await read(provider) == "acme/rocket-7"


async def test_rate_limit_reset_uses_the_clock_of_github(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub's clock differs from the local one by five hours here."""
    github_time = NOW + timedelta(hours=5)
    github.answers(
        REPOSITORY,
        refusal(
            403,
            "API rate limit exceeded for installation ID 41.",
            x_ratelimit_remaining="0",
            x_ratelimit_reset=str(int((github_time + timedelta(minutes=20)).timestamp())),
            date=format_datetime(github_time, usegmt=True),
        ),
    )

    with pytest.raises(RateLimited) as limited:
        await read(provider)

    assert limited.value.until == NOW + timedelta(minutes=20)
    assert limited.value.retry_after == 1200


async def test_limits_concurrent_calls_per_credential(github: ScriptedGitHub, time: Time) -> None:
    """GitHub requires few at once, and the others wait."""
    running, most, go = 0, 0, asyncio.Event()

    async def count(_request: Request) -> Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go.wait()
        running -= 1
        return reply(answers.repository(7))

    github.answers(REPOSITORY, count)
    async with github_provider(github.url, time, limits=Limits(max_concurrent=3)) as provider:
        asking = [asyncio.create_task(read(provider)) for _ in range(12)]
        await until(lambda: running == 3)
        go.set()
        await asyncio.gather(*asking)

    assert most == 3


async def test_waiting_calls_are_not_sent_during_a_limit(github: ScriptedGitHub, time: Time) -> None:
    """GitHub counts them, too, and may ban the app."""
    go = asyncio.Event()

    async def respond_with_limit(_request: Request) -> Response:
        await go.wait()
        return refusal(429, "slow down", retry_after="60")

    github.answers(REPOSITORY, respond_with_limit)
    async with github_provider(github.url, time, limits=Limits(max_concurrent=2)) as provider:
        asking = [asyncio.create_task(read(provider)) for _ in range(10)]
        await until(lambda: len(github.received) == 2)
        go.set()
        errors = await asyncio.gather(*asking, return_exceptions=True)

    assert {type(error) for error in errors} == {RateLimited}
    assert len(github.received) == 2


async def test_cancelled_call_releases_its_slot(github: ScriptedGitHub, time: Time) -> None:
    """And its connection."""
    github.answers(REPOSITORY, slowly)
    async with github_provider(github.url, time, limits=Limits(max_concurrent=1, max_connections=1)) as provider:
        asking = asyncio.create_task(read(provider))
        await until(lambda: github.received)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        github.answers(REPOSITORY, reply(answers.repository(7)))

        assert await read(provider) == "acme/rocket-7"
