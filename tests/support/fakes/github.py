"""A server that answers as a test says, GitHub's way or wrongly, and the adapter that asks it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from urllib.parse import parse_qs

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.github.api.limits import Limits
from adapters.github.provider import GitHubApp, GitHubProvider
from adapters.github.urls import GitHubUrls
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from entrypoints.settings.values import Address
from ports.system import Clock
from ports.telemetry import Metrics
from tests.support.builders.tokens import private_pem, rsa_key
from tests.support.servers.asgi_server import run_server

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CLIENT_ID = "Iv1.8a61f9b3a7aba766"
CLIENT_SECRET = "8a61f9b3a7aba7668a61f9b3a7aba7668a61f9b3"
TOKEN = Secret("ghs_16C7e42F292c6912E7710c838347Ae178B4a")
ACCESS = InstallationAccess("41", TOKEN)
USER = Secret("ghu_16C7e42F292c6912E7710c838347Ae178B4a")

Answer = Response | Callable[[Request], Response | Awaitable[Response]]


class Time(Clock):
    """Time that passes only by sleeping, and remembers for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the time by the clock."""
        return NOW + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Return the seconds that passed."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Let time pass, without taking any."""
        self.slept.append(seconds)
        self._passed += seconds
        await asyncio.sleep(0)

    def pass_by(self, seconds: float) -> None:
        """Let time pass otherwise."""
        self._passed += seconds


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body as JSON."""
        return json.loads(self.body)

    @property
    def form(self) -> Mapping[str, str]:
        """Its body as a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class ScriptedGitHub:
    """Answers each request with its prepared responses, repeating the last; otherwise 404."""

    url: str
    received: list[Received] = field(default_factory=list)
    _prepared: dict[str, list[Answer]] = field(default_factory=dict)
    _whatever: Answer = field(default_factory=lambda: refusal(404, "Not Found"))

    def answers(self, request: str, *answers: Answer) -> None:
        """Prepare the answers to a method and path, such as `GET /app`."""
        self._prepared[request] = list(answers)

    def answers_all(self, answer: Answer) -> None:
        """Answer everything so."""
        self._whatever = answer

    def requests_of(self, request: str) -> list[Received]:
        """Return what came for a method and path."""
        return [one for one in self.received if f"{one.method} {one.path}" == request]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        body = await request.body()
        path = scope["raw_path"].decode()
        self.received.append(Received(request.method, path, dict(request.query_params), dict(request.headers), body))
        prepared = self._prepared.get(f"{request.method} {path}")
        answer = self._whatever
        if prepared:
            answer = prepared.pop(0) if len(prepared) > 1 else prepared[0]
        if not isinstance(answer, Response):
            made = answer(request)
            answer = made if isinstance(made, Response) else await made
        await answer(scope, receive, send)


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Let others run until the condition holds; fail the test if it does not within the time."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, f"still not so after {seconds} s"
        await asyncio.sleep(0)


def reply(body: object = None, status: int = 200, **headers: str) -> Response:
    """Make an answer in JSON; underscores in headers' names are dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = b"" if body is None else json.dumps(body).encode()
    return Response(content, status, {"content-type": "application/json; charset=utf-8", **named})


def refusal(status: int, message: str, **headers: str) -> Response:
    """Make an answer that says no in GitHub's way."""
    return reply({"message": message, "documentation_url": "https://docs.github.com/rest"}, status, **headers)


@asynccontextmanager
async def run_scripted_github() -> AsyncIterator[ScriptedGitHub]:
    """Run a server for the length of the block."""
    script = ScriptedGitHub("")

    def make(address: Address) -> uvicorn.Server:
        script.url = f"http://{address}"
        config = uvicorn.Config(script, lifespan="off", log_config=None, access_log=False, date_header=False)
        return uvicorn.Server(config)

    async with run_server(make):
        yield script


@asynccontextmanager
async def github_provider(
    url: str,
    time: Time,
    *,
    limits: Limits | None = None,
    slug: str | None = "crewkit",
    web: str | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[GitHubProvider]:
    """Give an adapter that asks this address and waits by this time; pages are there too unless elsewhere."""
    app = GitHubApp(
        client_id=CLIENT_ID,
        client_secret=Secret(CLIENT_SECRET),
        private_key=Secret(private_pem(rsa_key()).decode()),
        slug=slug,
        addresses=GitHubUrls(api=url, web=web or url),
    )
    provider = GitHubProvider(
        app,
        time,
        limits=limits,
        monotonic=time.monotonic,
        sleep=time.sleep,
        draw=lambda: 1.0,
        metrics=metrics,
        connect=_connect,
    )
    try:
        yield provider
    finally:
        await provider.close()


def _connect(limits: httpx.Limits) -> httpx.AsyncBaseTransport:
    """Connect without TLS: reading the certificate authorities takes 30 ms, and no test here uses them."""
    return httpx.AsyncHTTPTransport(verify=False, trust_env=False, limits=limits)
