"""A company's proxy: it accepts CONNECT, requires a password, and records its requests."""

import base64
import select
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.fakes.certificate_authority import Authority

USER, PASSWORD = "crewkit", "hunter2"
_EXPECTED = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class ForwardProxy:
    """A running proxy, which connects each host to one address."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.targets: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        """The proxy's address with user and password."""
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.port}"


@contextmanager
def forward_proxy(target: int) -> Iterator[ForwardProxy]:
    """Run a proxy that leads to this port of loopback, for the length of the block."""
    proxy = ForwardProxy(target)

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            """Connect, for who knows the password."""
            if self.headers["Proxy-Authorization"] != _EXPECTED:
                self.send_error(407)
                return
            proxy.targets.append(self.path)
            with socket.create_connection(("127.0.0.1", proxy.target)) as server:
                self.send_response(200)
                self.end_headers()
                _relay(self.connection, server)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with _serve(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        proxy.port = port
        yield proxy


def _relay(client: socket.socket, server: socket.socket) -> None:
    ends = {client: server, server: client}
    with suppress(OSError):
        while True:
            for ready in select.select(list(ends), [], [], 5)[0]:
                if not (content := ready.recv(65536)):
                    return
                ends[ready].sendall(content)


@contextmanager
def https_server(authority: Authority, *names: str, body: bytes = b"{}") -> Iterator["HttpsServer"]:
    """Run an https server with a certificate of this authority for the first of the names."""
    server = HttpsServer()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            server.requests.append((self.command, self.path))
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _answer  # noqa: N815 - named by the library

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    key, certificate = authority.issue(names[0])
    with tempfile.TemporaryDirectory() as directory:
        chain = Path(directory) / "chain.pem"
        chain.write_bytes(key + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    with _serve(listening) as port:
        server.port = port
        yield server


class HttpsServer:
    """A running server, and what it was asked."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[tuple[str, str]] = []


@contextmanager
def _serve(server: ThreadingHTTPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
