import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from entrypoints.process.listeners import explain_listen_errors
from entrypoints.registration.flow import PageResponse, RegistrationFlow
from entrypoints.registration.pages import page_style_source, render_not_found
from entrypoints.settings.urls import origin_of
from entrypoints.settings.values import Address

_HOST = "127.0.0.1"
_TIMEOUT_SECONDS = 10


@contextmanager
def serve_pages(flow: RegistrationFlow, port: int) -> Iterator[str]:
    """Serve the pages of a registration on this machine only, and return the URL of the first page.

    Port 0 means any free port. The URL cannot be guessed, because other programs of this machine can reach the
    port. Raises `CannotStart`.
    """
    with explain_listen_errors(Address(_HOST, port), "choose another port with --port, or omit the option."):
        server = _Server(flow, port)
    thread = threading.Thread(target=server.serve_forever, name="registration", daemon=True)
    thread.start()
    try:
        yield server.first_page
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, flow: RegistrationFlow, port: int) -> None:
        super().__init__((_HOST, port), _Handler)
        self.flow = flow
        port = self.server_address[1]
        self.name = f"{_HOST}:{port}"
        self.names = (self.name, f"localhost:{port}")
        self.begin_path = f"/{secrets.token_urlsafe(24)}"
        self.return_path = f"{self.begin_path}/return"
        self.first_page = f"http://{self.name}{self.begin_path}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "crewkit-git"
    sys_version = ""
    timeout = _TIMEOUT_SECONDS

    def do_GET(self) -> None:
        """Send a page, and end the registration after the last page."""
        response = self._create_page()
        with suppress(OSError):  # the browser has closed the connection
            self._send(response)
        if response.is_last:
            self.server.flow.end()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing, because the request URLs contain a state and a code."""

    def _create_page(self) -> PageResponse:
        server, parts = self.server, urlsplit(self.path)
        # DNS rebinding: a page of another site whose name resolves to this machine sends its own name.
        if self.headers.get("host") not in server.names:
            return PageResponse(HTTPStatus.NOT_FOUND, render_not_found())
        if secrets.compare_digest(parts.path.encode(), server.begin_path.encode()):
            return server.flow.begin(return_url=f"http://{server.name}{server.return_path}")
        if secrets.compare_digest(parts.path.encode(), server.return_path.encode()):
            query = parse_qs(parts.query)
            return server.flow.finish(state=query.get("state", [""])[-1], code=query.get("code", [""])[-1])
        return PageResponse(HTTPStatus.NOT_FOUND, render_not_found())

    def _send(self, response: PageResponse) -> None:
        body = response.page.encode()
        self.send_response(response.status)
        github = origin_of(self.server.flow.registrar.addresses.web)
        for name, value in {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": f"default-src 'none'; style-src {page_style_source()}; "
            f"form-action {github}; base-uri 'none'; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
            # Without a referrer, browsers post the form with `Origin: null`. The path is not sent in either case.
            "Referrer-Policy": "strict-origin",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
