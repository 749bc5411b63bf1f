"""Serve the dashboard that `dashboard/` was built to, from memory."""

import gzip
import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from entrypoints.rest.browser.pages import Link, Pages
from entrypoints.rest.http.requests import LocalPath, Query, read_query

BUILT_FILES = Path(__file__).parent / "files"
"""The output folder of `dashboard/vite.config.ts`, which is part of the wheel."""

HOME = "/kit"

_MIN_COMPRESSED_BYTES = 1024
_PAGE = "index.html"
_NONCE = "__CSP_NONCE__"
_NONCE_BYTES = 16
_FOREVER = "public, max-age=31536000, immutable"
_ONE_HOUR = "public, max-age=3600"


@dataclass(frozen=True)
class File:
    """A file of the dashboard. `is_immutable` files have a hash of their content in their name."""

    content: bytes
    media_type: str
    etag: str
    is_immutable: bool

    @cached_property
    def compressed(self) -> bytes | None:
        """The content in gzip; None if that is not smaller. Compressed once, at the best level."""
        if len(self.content) < _MIN_COMPRESSED_BYTES:
            return None
        compressed = gzip.compress(self.content, mtime=0)
        return compressed if len(compressed) < len(self.content) else None


@dataclass(frozen=True, slots=True)
class DashboardFiles:
    """The page, with a placeholder for the nonce of each response, and the other files by their path."""

    page: str
    files: Mapping[str, File]


class SignInQuery(Query, frozen=True):
    """The page of the dashboard that the browser opens after sign-in."""

    return_to: LocalPath = HOME


def find_built_files(folder: Path = BUILT_FILES) -> DashboardFiles | None:
    """Return the files of a folder; None if the dashboard is not built."""
    if not (folder / _PAGE).is_file():
        return None
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != _PAGE]
    files = {path.relative_to(folder).as_posix(): _read_file(path) for path in paths}
    return DashboardFiles((folder / _PAGE).read_text(), files)


def _read_file(path: Path) -> File:
    content = path.read_bytes()
    return File(
        content,
        mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        f'W/"{blake2b(content, digest_size=16).hexdigest()}"',
        is_immutable=path.parent.name == "assets",
    )


@dataclass(frozen=True)
class Dashboard:
    """Serves the dashboard. All paths below `/kit` that are not files return the same page.

    `is_encrypted` is true if browsers use HTTPS.
    """

    pages: Pages
    is_encrypted: bool

    def routes(self) -> list[Route]:
        """Return the routes, in the order of matching."""
        return [
            Route(f"{HOME}/sign-in", self._sign_in, methods=["GET"]),
            Route(HOME, self._show_page, methods=["GET"]),
            Route(f"{HOME}/{{path:path}}", self._show_file_or_page, methods=["GET"]),
        ]

    @cached_property
    def _built(self) -> DashboardFiles | None:
        return find_built_files()

    @cached_property
    def _policy(self) -> str:
        """The content security policy with a placeholder for the nonce. Avatars are images of the provider."""
        images = "https:" if self.is_encrypted else "https: http:"
        return (
            f"default-src 'none'; script-src 'self' 'nonce-{_NONCE}'; style-src 'self' 'nonce-{_NONCE}'; "
            f"img-src 'self' data: {images}; connect-src 'self'; base-uri 'none'; form-action 'self'; "
            "frame-ancestors 'none'"
        )

    async def _sign_in(self, request: Request) -> Response:
        path = read_query(request, SignInQuery).return_to
        return_to = quote(path, safe="/?&=%#-._~") if f"{path}/".startswith(f"{HOME}/") else HOME
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

    async def _show_file_or_page(self, request: Request) -> Response:
        path = request.path_params["path"]
        file = self._built.files.get(path) if self._built else None
        if file is not None:
            return _file_response(file, request)
        if path.startswith("assets/"):
            # A file of another release. A browser would execute the page as a script, and fail silently.
            return Response(status_code=HTTPStatus.NOT_FOUND.value)
        return await self._show_page(request)

    async def _show_page(self, request: Request) -> Response:
        if self._built is None:
            return self.pages.show(
                request,
                "The dashboard is not built",
                "The API works without it. To build it in a source checkout, run `make dashboard` and restart the API.",
                action=Link("API reference", "/docs"),
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        headers = {"content-security-policy": self._policy.replace(_NONCE, nonce), "cache-control": "no-store"}
        return HTMLResponse(self._built.page.replace(_NONCE, nonce), headers=headers)


def _file_response(file: File, request: Request) -> Response:
    headers = {
        "cache-control": _FOREVER if file.is_immutable else _ONE_HOUR,
        "etag": file.etag,
        "vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers=headers)
    content = file.content
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = file.compressed
        headers["content-encoding"] = "gzip"
    return Response(content, media_type=file.media_type, headers=headers)
