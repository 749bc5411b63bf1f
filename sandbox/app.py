from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from email.utils import format_datetime
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import control, git_http
from sandbox.local_only import LocalOnly
from sandbox.rest import oauth
from sandbox.rest.api import api
from sandbox.sandbox import Sandbox
from sandbox.state.sandbox_app import API_PATH
from sandbox.web.routes import pages
from sandbox.webhooks.courier import courier

Alongside = Callable[[], AbstractAsyncContextManager[None]]

_SMALLEST_COMPRESSED = 1000


def create_app(sandbox: Sandbox, alongside: Alongside = nullcontext) -> Starlette:
    """Return the sandbox as one application, which delivers webhooks while its lifespan lasts.

    `alongside` gives what shall last as long.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with alongside(), courier(sandbox):
            yield

    app = Starlette(
        routes=[
            *oauth.routes(sandbox),
            *control.routes(sandbox),
            Mount(API_PATH, api(sandbox)),
            *git_http.routes(sandbox),
            *pages(sandbox),
        ],
        lifespan=lifespan,
    )
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED, compresslevel=1)
    app.add_middleware(LocalOnly, host=urlsplit(sandbox.links.web).hostname or "")
    app.add_middleware(_Dated, sandbox=sandbox)
    app.router.redirect_slashes = False
    return app


class _Dated:
    """Write the sandbox's own time on every answer, wrong where its clock is."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._sandbox.now(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await self._app(scope, receive, dated if scope["type"] == "http" else send)
