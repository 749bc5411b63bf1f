"""One read that shows the result of any call."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.identifiers import RepoId
from tests.support.fakes.github import ACCESS, reply

REPOSITORY = "GET /repositories/7"
REPO = RepoId("7")


async def read(provider: GitHubProvider) -> str:
    """Ask for one repository and return its name."""
    return (await provider.get_repository(ACCESS, REPO)).full_name or ""


async def slowly(_request: Request) -> Response:
    """Answer when it is too late."""
    await asyncio.sleep(30)
    return reply()
