"""What is broken, refused or not understood: tried again where that can help, and never where it may harm."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from adapters.github.api.limits import Limits
from adapters.github.provider import GitHubProvider
from core.domain.provider_errors import (
    AnswerUnreadable,
    CredentialRefused,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
    SingleSignOnRequired,
)
from tests.support.builders import github_answers as answers
from tests.support.checks.github_read import REPOSITORY, read, slowly
from tests.support.fakes.github import (
    Answer,
    ScriptedGitHub,
    Time,
    github_provider,
    refusal,
    reply,
    run_scripted_github,
)

SHORT = Limits(connect_timeout=1, read_timeout=0.1, total_timeout=0.3)


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
    "gzip that breaks off": Response(gzip.compress(b'{"id": 7}' * 100)[:20], headers={"content-encoding": "gzip"}),
    "packed with an encoding that was not requested": Response(b"{}", headers={"content-encoding": "br"}),
    "damaged gzip": Response(b"not gzip", headers={"content-encoding": "gzip"}),
    "redirect loop": RedirectResponse("/repositories/7", 301),
}

# GitHub responded, so this is not an outage.
UNREADABLE = [
    "malformed",
    "another shape",
    "a page for people",
    "nested a hundred thousand times",
    "packed with an encoding that was not requested",
    "damaged gzip",
]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_retries_one_bad_response(broken: Answer, github: ScriptedGitHub, time: Time) -> None:
    """Of a call that changes nothing."""
    github.answers(REPOSITORY, broken, reply(answers.repository(7)))
    async with github_provider(github.url, time, limits=SHORT) as provider:
        if broken is BROKEN["redirect loop"]:
            github.answers(REPOSITORY, broken, broken, broken, broken, reply(answers.repository(7)))

        assert await read(provider) == "acme/rocket-7"

    assert time.slept == [0.3]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_gives_up_after_three_bad_responses(broken: Answer, github: ScriptedGitHub, time: Time) -> None:
    """An outage makes no repository invisible and no installation suspended."""
    github.answers(REPOSITORY, broken)
    async with github_provider(github.url, time, limits=SHORT) as provider:
        with pytest.raises(ProviderUnavailable) as error:
            await read(provider)

    assert len(time.slept) == 2
    assert error.value.retry_after == 10
    if broken in [BROKEN[name] for name in UNREADABLE]:
        assert isinstance(error.value, AnswerUnreadable)
        assert error.value.message.startswith("GitHub's response could not be read.")
    elif broken is not BROKEN["too large"]:  # on a slow machine it takes longer than a call may
        assert not isinstance(error.value, AnswerUnreadable)
        assert error.value.message == "GitHub does not respond. Try again later."


async def test_missing_server_is_unavailable(time: Time) -> None:
    """With a refused connection or no network."""
    async with run_scripted_github() as gone:
        pass
    async with github_provider(gone.url, time) as provider:
        with pytest.raises(ProviderUnavailable):
            await read(provider)


async def test_never_repeats_a_call_that_changes_something(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """GitHub may have done it, although no response arrived."""
    mint, remove = "POST /app/installations/41/access_tokens", "DELETE /app/installations/41"
    for request in (mint, remove):
        github.answers(request, refusal(502, "Server Error"))

    with pytest.raises(ProviderUnavailable):
        await provider.mint_token("41")
    with pytest.raises(ProviderUnavailable):
        await provider.uninstall("41")

    assert (len(github.requests_of(mint)), len(github.requests_of(remove)), time.slept) == (1, 1, [])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(403, "This installation has been suspended"), InstallationSuspended),
        (refusal(403, "Resource not accessible by integration"), PermissionMissing),
        (refusal(403, "SAML", x_github_sso="required"), SingleSignOnRequired),
        (refusal(404, "Not Found"), NotVisible),
        (refusal(401, "Bad credentials"), CredentialRefused),
    ],
    ids=["suspended", "permission", "single sign-on", "not visible", "dead token"],
)
async def test_does_not_retry_client_errors(
    answer: Response, error: type[Exception], github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """A retry would get the same response."""
    github.answers(REPOSITORY, reply(answers.repository(7)))
    await read(provider)
    time.pass_by(60)
    github.answers(REPOSITORY, answer)

    with pytest.raises(error):
        await read(provider)

    assert (len(github.received), time.slept) == (2, [])


async def test_does_not_repeat_an_invalid_call(github: ScriptedGitHub, provider: GitHubProvider, time: Time) -> None:
    """The fault is in this service, which continues with its stored data."""
    github.answers(REPOSITORY, refusal(400, "Unsupported API version"))

    with pytest.raises(ProviderUnavailable) as error:
        await read(provider)

    assert (error.value.retry_after, time.slept) == (300, [])
