"""A stranger sends 100 MB of anything but a body; memory stays flat and others are served."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import psutil
import pytest

from tests.support.servers.service import Service, run_service

MEGABYTE = 1024 * 1024
HEAD = b"GET /healthz HTTP/1.1\r\nhost: here\r\n"
CHUNKED = (
    b"POST /api/v1/git/github/webhooks HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)
LINES = b"x-some-name: some value\r\n" * 2500

FORMS = {
    "header lines": (HEAD, LINES, 431),
    "header value": (HEAD + b"x-long: ", b"v" * 65536, 431),
    "header name": (HEAD, b"n" * 65536, 431),
    "address": (b"GET /", b"a" * 65536, 414),
    "query": (b"GET /healthz?q=", b"a" * 65536, 414),
    "lines before the request": (b"", b"\r\n" * 32768, 431),
    "trailers": (CHUNKED + b"0\r\n", LINES, 431),
    "trailer value": (CHUNKED + b"0\r\nx-long: ", b"v" * 65536, 431),
    "chunk extension": (CHUNKED + b"1;name=", b"e" * 65536, 431),
    "extensions of many chunks": (CHUNKED, (b"1;name=" + b"e" * 250 + b"\r\nx\r\n") * 200, 431),
    "chunks of one byte": (CHUNKED, b"1\r\na\r\n" * 10_000, 431),
    "chunks of eight bytes": (CHUNKED, b"8\r\nabcdefgh\r\n" * 5000, 431),
    "leading zeros of a chunk's size": (CHUNKED, b"0" * 65536, 431),
}


@pytest.fixture(scope="module")
def service(urls: tuple[str, str]) -> Iterator[Service]:
    """Run an API."""
    with run_service(*urls, "api") as service:
        yield service


class Attack:
    """One connection that sends a beginning, then the same part again and again."""

    def __init__(self, service: Service, beginning: bytes, part: bytes, *, limit: int = 100 * MEGABYTE) -> None:
        self.sent = 0
        self.answer = b""
        with socket.create_connection((service.address.host, service.address.port)) as connection:
            connection.settimeout(60)
            reading = threading.Thread(target=self._read, args=(connection,))
            reading.start()
            try:
                connection.sendall(beginning)
                while self.sent < limit:
                    connection.sendall(part)
                    self.sent += len(part)
            except OSError:
                pass  # it hung up
            reading.join()

    @property
    def status(self) -> int:
        """The status of the answer."""
        return int(self.answer.split(b" ", 2)[1])

    def _read(self, connection: socket.socket) -> None:
        try:
            while read := connection.recv(65536):
                self.answer += read
        except OSError:
            pass


class Watch:
    """What the API needs, and how long others wait, while a block runs."""

    def __init__(self, service: Service) -> None:
        self._process = psutil.Process(service.pid("api"))
        self._url = f"{service.url}/healthz"
        self._is_over = threading.Event()
        self.before = self.peak = self._process.memory_info().rss
        self.waits: list[float] = []

    @property
    def growth(self) -> int:
        """By how many bytes memory has grown at most."""
        return self.peak - self.before

    @property
    def p99(self) -> float:
        """How long 99 of 100 requests of others have waited at most, in seconds."""
        waits = sorted(self.waits)
        return waits[int(len(waits) * 0.99)]

    @contextmanager
    def watch_service(self) -> Iterator["Watch"]:
        """Watch while the block runs."""
        others = threading.Thread(target=self._ask)
        others.start()
        try:
            yield self
        finally:
            self._is_over.set()
            others.join()

    def _ask(self) -> None:
        with httpx.Client() as client:
            while not (self._is_over.is_set() and len(self.waits) > 20):
                began = time.perf_counter()
                assert client.get(self._url).status_code == 200
                self.waits.append(time.perf_counter() - began)
                self.peak = max(self.peak, self._process.memory_info().rss)
                time.sleep(0.002)


@pytest.mark.parametrize("form", FORMS)
def test_rejects_an_endless_request_while_it_arrives(service: Service, form: str) -> None:
    """The client would send 100 MB; the connection ends long before."""
    beginning, part, status = FORMS[form]
    with Watch(service).watch_service() as watch:
        attack = Attack(service, beginning, part)
    assert attack.status == status
    assert b"application/problem+json" in attack.answer
    assert watch.growth < 20 * MEGABYTE
    # Alone on a machine it is under 0.1; without the limits others wait for seconds.
    assert watch.p99 < 1


def test_rejects_several_endless_requests_at_once(service: Service) -> None:
    """Two of each form."""
    forms = [*FORMS.values()] * 2

    def attack(form: tuple[bytes, bytes, int]) -> int:
        beginning, part, _ = form
        return Attack(service, beginning, part, limit=30 * MEGABYTE).status

    with Watch(service).watch_service() as watch, ThreadPoolExecutor(len(forms)) as pool:
        statuses = list(pool.map(attack, forms))
    assert statuses == [status for _, _, status in forms]
    assert watch.growth < 20 * MEGABYTE
