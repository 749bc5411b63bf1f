"""npm, as the Makefile calls it, works behind a proxy that inspects TLS, and else says what is wrong."""

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.fakes.certificate_authority import Authority

_ROOT = Path(__file__).parents[3]


class _Registry(BaseHTTPRequestHandler):
    """Answers `npm ping`."""

    def do_GET(self) -> None:
        """Send an empty object."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve a registry whose certificate a company's own authority signed; give that authority's file."""
    authority = Authority()
    key, certificate = authority.issue("127.0.0.1")
    (tmp_path / "server.pem").write_bytes(key + certificate)
    (tmp_path / "authority.pem").write_bytes(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Registry) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}/", tmp_path / "authority.pem"
        server.shutdown()
        thread.join()


def _ping(registry: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the Makefile's npm with a separate home directory."""
    others = {name: text for name, text in os.environ.items() if not name.startswith(("NODE_", "npm_", "SSL_"))}
    return subprocess.run(
        ["make", "--silent", "--eval=ping: ; @$(NPM) ping --loglevel=error --registry=$(REGISTRY)", "ping"],
        cwd=_ROOT,
        env={**others, "HOME": str(home), "REGISTRY": registry, "no_proxy": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_npm_trusts_certificates_of_the_machine(registry: tuple[str, Path], tmp_path: Path) -> None:
    """For example, that of a proxy that inspects TLS."""
    url, authority = registry
    done = _ping(url, tmp_path, SSL_CERT_FILE=str(authority))
    assert done.returncode == 0, done.stderr


def test_npm_names_an_unknown_certificate(registry: tuple[str, Path], tmp_path: Path) -> None:
    """After short retries."""
    url, _ = registry
    done = _ping(url, tmp_path)
    assert done.returncode != 0
    assert "certificate" in done.stderr
