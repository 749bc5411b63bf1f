"""GitHub's time corrects a wrong clock; a wrong key is recognized."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import jwt
import pytest
from starlette.requests import Request
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.provider_errors import AppRefused
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import NOW, ScriptedGitHub, Time, refusal, reply


async def test_corrects_a_wrong_clock_with_one_retry(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Also for a call that changes something, since a rejected call did nothing."""
    github_time = format_datetime(NOW + timedelta(minutes=12), usegmt=True)
    too_early = refusal(401, "'Expiration time' claim ('exp') must be a numeric value", date=github_time)
    minted = {"token": "ghs_x", "expires_at": "2026-11-23T13:12:00Z", "permissions": {}}
    github.answers("POST /app/installations/41/access_tokens", too_early, reply(minted, 201))

    await provider.mint_token("41")
    await provider.mint_token("41")

    assert len(github.received) == 3
    assert len({one.headers["authorization"] for one in github.received}) == 2
    assert time.slept == [0.0]


async def test_all_concurrent_calls_succeed_after_the_correction(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """One call learns GitHub's time; the others were sent with the former claim."""
    github_time = NOW + timedelta(minutes=12)

    def app(request: Request) -> Response:
        claim = request.headers["authorization"].removeprefix("Bearer ")
        ends = jwt.decode(claim, options={"verify_signature": False})["exp"]
        fresh = ends > github_time.timestamp()
        date = format_datetime(github_time, usegmt=True)
        return reply(answers.APP, date=date) if fresh else refusal(401, "'Expiration time' claim", date=date)

    github.answers("GET /app", app)

    found = await asyncio.gather(*(provider.get_app() for _ in range(20)))

    assert {one.slug for one in found} == {"crewkit"}


async def test_wrong_key_fails_after_one_retry(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Even if the clock differs, too."""
    github_time = format_datetime(NOW + timedelta(minutes=12), usegmt=True)
    github.answers("GET /app", refusal(401, "A JSON web token could not be decoded", date=github_time))

    with pytest.raises(AppRefused):
        await provider.get_app()
    assert len(github.received) == 2

    with pytest.raises(AppRefused):
        await provider.get_app()
    assert len(github.received) == 3
