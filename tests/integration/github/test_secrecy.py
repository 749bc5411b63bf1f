"""No token, key or secret leaves by a log line or an error, whatever goes wrong."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
from starlette.responses import RedirectResponse, Response
from structlog.testing import capture_logs

from adapters.github.api.limits import Limits
from adapters.github.provider import GitHubProvider
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.secret import Secret
from tests.support.builders.tokens import private_pem, rsa_key
from tests.support.fakes.github import (
    ACCESS,
    CLIENT_SECRET,
    TOKEN,
    Answer,
    ScriptedGitHub,
    Time,
    github_provider,
    refusal,
    reply,
)

# Forms that no pattern of the logs' own redaction would know, so that it cannot help here.
USER, REFRESH, CODE, VERIFIER = (f"{name}-of-a-person-0123456789" for name in ("token", "renewal", "code", "proof"))
MADE = "made-by-github-0123456789"
SECRETS = [TOKEN.reveal(), USER, REFRESH, CODE, VERIFIER, MADE, CLIENT_SECRET, "Bearer", "Basic ", "eyJ"]
KEY_LINES = [line for line in private_pem(rsa_key()).decode().split("\n") if line and "KEY" not in line]


class Collected(logging.Handler):
    """Keeps what libraries log, with everything a line is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(f"{record.getMessage()} {record.args!r}")


@pytest.fixture
def libraries() -> Iterator[Collected]:
    """Collect what libraries log, at any level."""
    collected, root = Collected(), logging.getLogger()
    level = root.level
    root.addHandler(collected)
    root.setLevel(logging.DEBUG)
    yield collected
    root.removeHandler(collected)
    root.setLevel(level)


CALLS: dict[str, Callable[[GitHubProvider], Awaitable[object]]] = {
    "app": lambda provider: provider.get_app(),
    "mint": lambda provider: provider.mint_token("41", repo_ids=[RepoId("7")]),
    "repository": lambda provider: provider.get_repository(ACCESS, RepoId("7")),
    "revoke": lambda provider: provider.revoke_token(TOKEN),
    "exchange": lambda provider: provider.exchange_code(
        Secret(CODE), redirect_uri="https://crewkit.example", code_verifier=Secret(VERIFIER)
    ),
    "refresh": lambda provider: provider.refresh(Secret(REFRESH)),
    "person": lambda provider: provider.get_person(Secret(USER)),
    "person with a broken token": lambda provider: provider.get_person(Secret(USER + "\r\nX: 1")),
    "end a token": lambda provider: provider.revoke_user_token(Secret(USER)),
    "end a grant": lambda provider: provider.revoke_grant(Secret(USER)),
}
ANSWERS: dict[str, Answer] = {
    "server error": refusal(500, "Server Error"),
    "refused": refusal(401, "Bad credentials"),
    "forbidden": refusal(403, "Resource not accessible by integration"),
    "limited": refusal(429, "slow down", retry_after="3600"),
    "not understood": refusal(400, "what"),
    "malformed": Response(f'{{"token": "{MADE}", "access_token": "{MADE}", '),
    "another shape": reply({"token": [MADE], "access_token": [MADE], "id": MADE, "refresh_token": MADE}),
    "redirected": RedirectResponse("https://elsewhere.example/x", 302),
    "too slow": lambda _request: never(),
}


async def never() -> Response:
    """Answer too late."""
    await asyncio.sleep(30)
    return reply()


@pytest.fixture
async def hasty(github: ScriptedGitHub, time: Time) -> AsyncIterator[GitHubProvider]:
    """Give an adapter that does not wait long."""
    async with github_provider(github.url, time, limits=Limits(read_timeout=0.1, total_timeout=0.2)) as provider:
        yield provider


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_errors_contain_no_secret(
    answer: Answer, github: ScriptedGitHub, hasty: GitHubProvider, libraries: Collected
) -> None:
    """Neither in their causes nor in log lines, before redaction."""
    github.answers_all(answer)
    errors = ""
    with capture_logs() as logs:
        for call in CALLS.values():
            try:
                await call(hasty)
            except DomainError as error:
                errors += "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
    shown = errors + repr(logs) + "\n".join(libraries.lines)

    assert "provider_" in shown
    assert "httpcore" in repr(logging.root.manager.loggerDict)
    assert not [secret for secret in [*SECRETS, *KEY_LINES] if secret in shown]


def test_adapter_does_not_print_its_secrets(provider: GitHubProvider) -> None:
    """A debugger or a log line may print objects."""
    shown = repr(provider) + repr(vars(provider)) + repr(provider._context)

    assert not [secret for secret in [CLIENT_SECRET, *KEY_LINES] if secret in shown]
