import secrets
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from entrypoints.rest.browser.pages import Link, Pages
from entrypoints.rest.dashboard.files import Built, File, read_built
from entrypoints.rest.http.queries import LocalPath, Query, read_query

HOME = "/kit"
_NONCE = "__CSP_NONCE__"
_NONCE_BYTES = 16
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_WHILE = "public, max-age=3600"


class SignInQuery(Query, frozen=True):
    """Where to go on afterwards: a page of the dashboard's."""

    return_to: LocalPath = HOME


@dataclass(frozen=True)
class Dashboard:
    """Serves the dashboard: every address below `/kit` is the one page, which knows them all.

    `is_encrypted` says that browsers reach us by https.
    """

    pages: Pages
    is_encrypted: bool

    def routes(self) -> list[Route]:
        """Return its routes, in the order they are to be tried."""
        return [
            Route(f"{HOME}/sign-in", self._sign_in, methods=["GET"]),
            Route(HOME, self._page, methods=["GET"]),
            Route(f"{HOME}/{{path:path}}", self._file_or_page, methods=["GET"]),
        ]

    @cached_property
    def _built(self) -> Built | None:
        return read_built()

    async def _sign_in(self, request: Request) -> Response:
        wish = read_query(request, SignInQuery).return_to
        return_to = quote(wish, safe="/?&=%#-._~") if f"{wish}/".startswith(f"{HOME}/") else HOME
        address = self.pages.sign_in_address(return_to, base=self.pages.dashboard_url)
        if address is None:
            return self.pages.show(
                request,
                "Sign in to crewkit first",
                "You are not signed in to crewkit. Sign in, then try again.",
                action=Link("Try again", return_to),
                status=HTTPStatus.UNAUTHORIZED,
            )
        return RedirectResponse(address, HTTPStatus.SEE_OTHER.value)

    async def _file_or_page(self, request: Request) -> Response:
        path = request.path_params["path"]
        file = self._built.files.get(path) if self._built else None
        if file is not None:
            return _answer(file, request)
        if path.startswith("assets/"):
            # Of another release. The page in its place would be read as a script, and fail without a word.
            return Response(status_code=HTTPStatus.NOT_FOUND.value)
        return await self._page(request)

    async def _page(self, request: Request) -> Response:
        if self._built is None:
            return self.pages.show(
                request,
                "The dashboard is not built",
                "The API works without it. To build it in a source checkout, run `make dashboard` and restart the API.",
                action=Link("API reference", "/docs"),
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        return HTMLResponse(
            self._built.page.replace(_NONCE, nonce),
            headers={"content-security-policy": self._policy(nonce), "cache-control": "no-store"},
        )

    def _policy(self, nonce: str) -> str:
        """Return what the page may load: our own files, and pictures of people from their provider."""
        pictures = "https:" if self.is_encrypted else "https: http:"
        return (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
            f"img-src 'self' data: {pictures}; connect-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )


def _answer(file: File, request: Request) -> Response:
    headers = {
        "cache-control": _FOR_EVER if file.is_immutable else _FOR_A_WHILE,
        "etag": file.tag,
        "vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers=headers)
    content = file.content
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = file.compressed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=file.media_type, headers=headers)
