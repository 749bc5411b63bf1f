"""While GitHub is out of order it is not asked."""

import pytest

from adapters.github.api.circuit_breaker import BreakerPolicy
from adapters.github.api.limits import Limits
from core.domain.provider_errors import ProviderUnavailable
from core.domain.secret import Secret
from tests.support.builders import github_answers as answers
from tests.support.checks.github_read import REPOSITORY, read
from tests.support.fakes.github import ScriptedGitHub, Time, github_provider, refusal, reply, run_scripted_github


async def test_outage_opens_the_breaker_and_its_end_closes_it(github: ScriptedGitHub, time: Time) -> None:
    """Ten minutes of 500 cost one probe per minute, and the first good response closes it."""
    limits = Limits(breaker=BreakerPolicy(failures=3, first_open_seconds=5, max_open_seconds=60))
    github.answers(REPOSITORY, refusal(500, "Server Error"))
    async with github_provider(github.url, time, limits=limits) as provider:
        while time.monotonic() < 600:
            with pytest.raises(ProviderUnavailable) as error:
                await read(provider)
            assert error.value.retry_after is not None
            assert 0 < error.value.retry_after <= 60
            time.pass_by(1)
        calls = len(github.received)
        github.answers(REPOSITORY, reply(answers.repository(7)))
        time.pass_by(60)

        assert await read(provider) == "acme/rocket-7"
        assert await read(provider) == "acme/rocket-7"

    assert calls < 20


async def test_each_host_has_its_own_breaker(github: ScriptedGitHub, time: Time) -> None:
    """During an outage of the API, users can still sign in at github.com."""
    github.answers(REPOSITORY, refusal(500, "Server Error"))
    async with (
        run_scripted_github() as pages,
        github_provider(github.url, time, web=pages.url, limits=Limits(breaker=BreakerPolicy(failures=1))) as provider,
    ):
        pages.answers("POST /login/oauth/access_token", reply({"access_token": "ghu_1"}))
        with pytest.raises(ProviderUnavailable):
            await read(provider)

        await provider.exchange_code(Secret("code"), redirect_uri=None, code_verifier=None)

        with pytest.raises(ProviderUnavailable):
            await read(provider)
    assert len(github.received) == 1
