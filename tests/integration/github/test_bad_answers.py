"""What is broken, refused or not understood: tried again where that can help, and never where it may harm."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from adapters.github.api.calls import Limits
from adapters.github.provider import GitHubProvider
from core.domain.provider import (
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
from tests.support.fakes.github import Answer, ScriptedGitHub, Time, github_provider, refusal, reply, scripted_github

SHORT = Limits(connect=1, silence=0.1, whole=0.3)


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
    "packed in a way nobody asked for": Response(b"{}", headers={"content-encoding": "br"}),
    "damaged gzip": Response(b"not gzip", headers={"content-encoding": "gzip"}),
    "redirect loop": RedirectResponse("/repositories/7", 301),
}

# GitHub answered, whatever it was: that is no outage.
UNREADABLE = [
    "malformed",
    "another shape",
    "a page for people",
    "nested a hundred thousand times",
    "packed in a way nobody asked for",
    "damaged gzip",
]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_one_bad_answer_is_not_noticed(broken: Answer, github: ScriptedGitHub, time: Time) -> None:
    """A call that changes nothing is tried again after a moment."""
    github.answers(REPOSITORY, broken, reply(answers.repository(7)))
    async with github_provider(github.url, time, limits=SHORT) as provider:
        if broken is BROKEN["redirect loop"]:
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
    if broken in [BROKEN[name] for name in UNREADABLE]:
        assert isinstance(error.value, AnswerUnreadable)
        assert error.value.message.startswith("GitHub's response could not be read.")
    elif broken is not BROKEN["too large"]:  # on a slow machine it takes longer than a call may
        assert not isinstance(error.value, AnswerUnreadable)
        assert error.value.message == "GitHub does not respond. Try again later."


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
