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
from sandbox.rest.api import create_api
from sandbox.sandbox import Sandbox
from sandbox.state.sandbox_app import API_PATH
from sandbox.web.routes import create_page_routes
from sandbox.webhooks.courier import deliver_webhooks

Background = Callable[[], AbstractAsyncContextManager[None]]

_SMALLEST_COMPRESSED = 1000


def create_app(sandbox: Sandbox, alongside: Background = nullcontext) -> Starlette:
    """Return the sandbox as one application, which delivers webhooks during its lifespan.

    `alongside` is a context that is entered and left with the lifespan.
    """

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with alongside(), deliver_webhooks(sandbox):
            yield

    app = Starlette(
        routes=[
            *oauth.routes(sandbox),
            *control.routes(sandbox),
            Mount(API_PATH, create_api(sandbox)),
            *git_http.routes(sandbox),
            *create_page_routes(sandbox),
        ],
        lifespan=lifespan,
    )
    app.add_middleware(GZipMiddleware, minimum_size=_SMALLEST_COMPRESSED, compresslevel=1)
    app.add_middleware(LocalOnly, host=urlsplit(sandbox.links.web).hostname or "")
    app.add_middleware(_DateMiddleware, sandbox=sandbox)
    app.router.redirect_slashes = False
    return app


class _DateMiddleware:
    """Adds the time of the sandbox's clock, which can be wrong on purpose, to every response."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_date(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = format_datetime(self._sandbox.now(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        await self._app(scope, receive, send_with_date if scope["type"] == "http" else send)
