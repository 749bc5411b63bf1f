"""The transport against a real server that is slow, broken, limited or hostile."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime

import jwt
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from adapters.github.breaker import BreakerPolicy
from adapters.github.calls import Limits
from adapters.github.provider import GitHubProvider
from core.domain.identifiers import RepoId
from core.domain.provider import (
    AppRefused,
    CredentialRefused,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.secret import Secret
from tests.support import github_answers as answers
from tests.support.github import (
    NOW,
    TOKEN,
    Answer,
    ScriptedGitHub,
    Time,
    github_provider,
    refusal,
    reply,
    scripted_github,
    until,
)

REPOSITORY = "GET /repositories/7"
REPO = RepoId("7")
SHORT = Limits(connect=1, silence=0.1, whole=0.3)


async def read(provider: GitHubProvider) -> str:
    """Ask for one repository and return its name."""
    return (await provider.repository(TOKEN, REPO)).full_name


async def test_every_call_says_who_asks_and_for_which_version(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub refuses calls without a user agent, and changes its answers by version."""
    github.answers(REPOSITORY, reply(answers.repository(7)))
    await read(provider)

    (received,) = github.received
    assert received.headers["accept"] == "application/vnd.github+json"
    assert received.headers["x-github-api-version"] == "2022-11-28"
    assert re.fullmatch(r"crewkit-git/\d+\.\d+\.\d+\S*", received.headers["user-agent"])
    assert received.headers["authorization"] == f"Bearer {TOKEN.reveal()}"
    assert "gzip" in received.headers["accept-encoding"]


async def slowly(_request: Request) -> Response:
    """Answer when it is too late."""
    await asyncio.sleep(30)
    return reply()


async def drop_by_drop(_request: Request) -> Response:
    """Begin an answer and never quite end it."""

    async def drops() -> AsyncIterator[bytes]:
        yield b'{"id": '
        for _ in range(300):
            await asyncio.sleep(0.03)
            yield b" "

    return StreamingResponse(drops())


async def cut_off(_request: Request) -> Response:
    """Promise more than is sent."""

    async def part() -> AsyncIterator[bytes]:
        yield b'{"id": 7, "full_name": "acme/rock'
        raise ConnectionError("the server fell over")

    return StreamingResponse(part(), headers={"content-length": "4000"})


def bomb(_request: Request) -> Response:
    """Answer with 64 MiB that travel as 64 KiB."""
    return Response(gzip.compress(b" " * 2**26), headers={"content-encoding": "gzip"})


BROKEN: dict[str, Answer] = {
    "500": refusal(500, "Server Error"),
    "502 in HTML": Response("<html>Unicorn!</html>", 502, media_type="text/html"),
    "504": refusal(504, "We couldn't respond to your request in time"),
    "503 that says suspended": refusal(503, "This installation has been suspended"),
    "too slow to begin": slowly,
    "too slow to end": drop_by_drop,
    "cut off": cut_off,
    "malformed": Response('{"id": 7, "full_name": ', media_type="application/json"),
    "another shape": reply({"id": "seven"}),
    "a page for people": Response("<html>Sign in to the network</html>", media_type="text/html"),
    "nested a hundred thousand times": Response("[" * 100_000),
    "too large": bomb,
    "gzip that breaks off": Response(
        gzip.compress(b'{"id": 7}' * 100)[:20], headers={"content-encoding": "gzip"}
    ),
    "packed in a way nobody asked for": Response(b"{}", headers={"content-encoding": "br"}),
    "damaged gzip": Response(b"not gzip", headers={"content-encoding": "gzip"}),
    "redirected in circles": RedirectResponse("/repositories/7", 301),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_one_bad_answer_is_not_noticed(broken: Answer, github: ScriptedGitHub, time: Time) -> None:
    """A call that changes nothing is tried again after a moment."""
    github.answers(REPOSITORY, broken, reply(answers.repository(7)))
    async with github_provider(github.url, time, limits=SHORT) as provider:
        if broken is BROKEN["redirected in circles"]:
            github.answers(REPOSITORY, broken, broken, broken, broken, reply(answers.repository(7)))

        assert await read(provider) == "acme/rocket-7"

    assert time.slept == [0.3]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_bad_answers_are_tried_three_times_and_say_nothing_of_the_object(
    broken: Answer, github: ScriptedGitHub, time: Time
) -> None:
    """No outage makes a repository invisible or an installation suspended."""
    github.answers(REPOSITORY, broken)
    async with github_provider(github.url, time, limits=SHORT) as provider:
        with pytest.raises(ProviderUnavailable) as error:
            await read(provider)

    assert len(time.slept) == 2
    assert error.value.retry_after == 10
    assert error.value.message == "GitHub does not answer right now; try again later."


async def test_a_server_that_is_not_there_is_unavailable(time: Time) -> None:
    """Nobody listens, or the network is gone."""
    async with scripted_github() as gone:
        pass
    async with github_provider(gone.url, time) as provider:
        with pytest.raises(ProviderUnavailable):
            await read(provider)


async def test_a_call_that_changes_something_is_never_repeated(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """It may have been carried out though no answer came."""
    mint, remove = "POST /app/installations/41/access_tokens", "DELETE /app/installations/41"
    for request in (mint, remove):
        github.answers(request, refusal(502, "Server Error"))

    with pytest.raises(ProviderUnavailable):
        await provider.mint_token("41")
    with pytest.raises(ProviderUnavailable):
        await provider.uninstall("41")

    assert (len(github.asked(mint)), len(github.asked(remove)), time.slept) == (1, 1, [])


async def test_a_wish_of_githubs_is_waited_for(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Where it is short enough for whoever waits."""
    github.answers(
        REPOSITORY,
        refusal(429, "Too many", retry_after="2"),
        refusal(503, "Down for a moment", retry_after="3"),
        reply(answers.repository(7)),
    )

    assert await read(provider) == "acme/rocket-7"
    assert time.slept == [2.3, 3.6]


async def test_a_secondary_limit_stops_that_credential_until_it_ends(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Nothing is sent meanwhile, and others go on."""
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
    assert len(github.asked(REPOSITORY)) == 1
    await provider.app()

    time.pass_by(1)
    assert await read(provider) == "acme/rocket-7"


async def test_a_used_up_hour_is_waited_for_by_githubs_clock(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """The reset is a time by its clock, five hours from ours here."""
    theirs = NOW + timedelta(hours=5)
    github.answers(
        REPOSITORY,
        refusal(
            403,
            "API rate limit exceeded for installation ID 41.",
            x_ratelimit_remaining="0",
            x_ratelimit_reset=str(int((theirs + timedelta(minutes=20)).timestamp())),
            date=format_datetime(theirs, usegmt=True),
        ),
    )

    with pytest.raises(RateLimited) as limited:
        await read(provider)

    assert limited.value.until == NOW + timedelta(minutes=20)
    assert limited.value.retry_after == 1200


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(403, "This installation has been suspended"), InstallationSuspended),
        (refusal(403, "Resource not accessible by integration"), PermissionMissing),
        (refusal(403, "SAML", x_github_sso="required"), PermissionMissing),
        (refusal(404, "Not Found"), NotVisible),
        (refusal(401, "Bad credentials"), CredentialRefused),
    ],
    ids=["suspended", "permission", "single sign-on", "not visible", "dead token"],
)
async def test_refusals_are_final(
    answer: Response, error: type[Exception], github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Asking again would get the same answer."""
    github.answers(REPOSITORY, reply(answers.repository(7)))
    await read(provider)
    time.pass_by(60)
    github.answers(REPOSITORY, answer)

    with pytest.raises(error):
        await read(provider)

    assert (len(github.received), time.slept) == (2, [])


async def test_a_call_github_does_not_understand_is_not_repeated(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """It is our mistake; the service goes on with what it knows."""
    github.answers(REPOSITORY, refusal(400, "Unsupported API version"))

    with pytest.raises(ProviderUnavailable) as error:
        await read(provider)

    assert (error.value.retry_after, time.slept) == (300, [])


async def test_an_outage_opens_the_breaker_and_its_end_closes_it(github: ScriptedGitHub, time: Time) -> None:
    """Ten minutes of 500 cost a probe a minute, and the first answer ends it, with nobody's help."""
    limits = Limits(breaker=BreakerPolicy(failures=3, first_rest=5, longest_rest=60))
    github.answers(REPOSITORY, refusal(500, "Server Error"))
    async with github_provider(github.url, time, limits=limits) as provider:
        while time.monotonic() < 600:
            with pytest.raises(ProviderUnavailable) as error:
                await read(provider)
            assert error.value.retry_after is not None
            assert 0 < error.value.retry_after <= 60
            time.pass_by(1)
        asked = len(github.received)
        github.answers(REPOSITORY, reply(answers.repository(7)))
        time.pass_by(60)

        assert await read(provider) == "acme/rocket-7"
        assert await read(provider) == "acme/rocket-7"

    assert asked < 20


async def test_one_hosts_outage_is_not_anothers(github: ScriptedGitHub, time: Time) -> None:
    """While the API is down, people can still sign in at the pages, which are another host."""
    github.answers(REPOSITORY, refusal(500, "Server Error"))
    async with (
        scripted_github() as pages,
        github_provider(
            github.url, time, web=pages.url, limits=Limits(breaker=BreakerPolicy(failures=1))
        ) as provider,
    ):
        pages.answers("POST /login/oauth/access_token", reply({"access_token": "ghu_1"}))
        with pytest.raises(ProviderUnavailable):
            await read(provider)

        await provider.exchange_code(Secret("code"), redirect_uri=None, code_verifier=None)

        with pytest.raises(ProviderUnavailable):
            await read(provider)
    assert len(github.received) == 1


async def test_one_credential_has_only_so_many_calls_under_way(github: ScriptedGitHub, time: Time) -> None:
    """GitHub asks for few at once, and the rest wait their turn."""
    running, most, go = 0, 0, asyncio.Event()

    async def count(_request: Request) -> Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go.wait()
        running -= 1
        return reply(answers.repository(7))

    github.answers(REPOSITORY, count)
    async with github_provider(github.url, time, limits=Limits(at_once=3)) as provider:
        asking = [asyncio.create_task(read(provider)) for _ in range(12)]
        await until(lambda: running == 3)
        go.set()
        await asyncio.gather(*asking)

    assert most == 3


async def test_a_renamed_repository_is_followed(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub answers 301 to where it is now; the credential goes along."""
    github.answers(REPOSITORY, RedirectResponse("/repositories/7/moved", 301))
    github.answers("GET /repositories/7/moved", reply(answers.repository(7, full_name="apollo/rocket")))

    assert await read(provider) == "apollo/rocket"
    assert [one.headers["authorization"] for one in github.received] == [f"Bearer {TOKEN.reveal()}"] * 2


async def test_a_redirect_to_another_repository_is_not_believed(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """A new repository may have taken the old one's name; only the number tells."""
    github.answers(REPOSITORY, RedirectResponse("/repositories/8", 301))
    github.answers("GET /repositories/8", reply(answers.repository(8)))

    with pytest.raises(ProviderUnavailable):
        await read(provider)


async def test_a_token_never_follows_to_another_host(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Whoever can make GitHub redirect or link elsewhere must not get it."""
    async with scripted_github() as thief:
        elsewhere = f"{thief.url}/repositories/7"
        github.answers(REPOSITORY, RedirectResponse(elsewhere, 301))
        github.answers(
            "GET /installation/repositories",
            reply(answers.repositories(7, total=2), link=f'<{elsewhere}?page=2>; rel="next"'),
        )

        with pytest.raises(ProviderUnavailable):
            await read(provider)
        with pytest.raises(ProviderUnavailable):
            _ = [page async for page in provider.repositories(TOKEN)]

        assert thief.received == []


async def test_a_wrong_clock_is_corrected_with_one_retry(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Also for a call that changes something, since a refused one did nothing."""
    theirs = format_datetime(NOW + timedelta(minutes=12), usegmt=True)
    too_early = refusal(401, "'Expiration time' claim ('exp') must be a numeric value", date=theirs)
    minted = {"token": "ghs_x", "expires_at": "2026-11-23T13:12:00Z", "permissions": {}}
    github.answers("POST /app/installations/41/access_tokens", too_early, reply(minted, 201))

    await provider.mint_token("41")
    await provider.mint_token("41")

    assert len(github.received) == 3
    assert len({one.headers["authorization"] for one in github.received}) == 2
    assert time.slept == [0.0]


async def test_calls_refused_together_for_a_wrong_clock_all_succeed(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """One learns GitHub's time; the others were under way with the same old claim."""
    theirs = NOW + timedelta(minutes=12)

    def app(request: Request) -> Response:
        claim = request.headers["authorization"].removeprefix("Bearer ")
        ends = jwt.decode(claim, options={"verify_signature": False})["exp"]
        fresh = ends > theirs.timestamp()
        date = format_datetime(theirs, usegmt=True)
        return reply(answers.APP, date=date) if fresh else refusal(401, "'Expiration time' claim", date=date)

    github.answers("GET /app", app)

    found = await asyncio.gather(*(provider.app() for _ in range(20)))

    assert {one.slug for one in found} == {"crewkit"}


async def test_calls_that_wait_their_turn_are_not_sent_into_a_limit(
    github: ScriptedGitHub, time: Time
) -> None:
    """GitHub counts them too, and may ban who goes on."""
    go = asyncio.Event()

    async def limited(_request: Request) -> Response:
        await go.wait()
        return refusal(429, "slow down", retry_after="60")

    github.answers(REPOSITORY, limited)
    async with github_provider(github.url, time, limits=Limits(at_once=2)) as provider:
        asking = [asyncio.create_task(read(provider)) for _ in range(10)]
        await until(lambda: len(github.received) == 2)
        go.set()
        errors = await asyncio.gather(*asking, return_exceptions=True)

    assert {type(error) for error in errors} == {RateLimited}
    assert len(github.received) == 2


async def test_a_wrong_key_is_refused_after_no_more_than_one_retry(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Even where the clock differs besides."""
    theirs = format_datetime(NOW + timedelta(minutes=12), usegmt=True)
    github.answers("GET /app", refusal(401, "A JSON web token could not be decoded", date=theirs))

    with pytest.raises(AppRefused):
        await provider.app()
    assert len(github.received) == 2

    with pytest.raises(AppRefused):
        await provider.app()
    assert len(github.received) == 3


async def test_a_cancelled_call_lets_others_go_on(github: ScriptedGitHub, time: Time) -> None:
    """Its slot and connection come back."""
    github.answers(REPOSITORY, slowly)
    async with github_provider(github.url, time, limits=Limits(at_once=1, connections=1)) as provider:
        asking = asyncio.create_task(read(provider))
        await until(lambda: github.received)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        github.answers(REPOSITORY, reply(answers.repository(7)))

        assert await read(provider) == "acme/rocket-7"
