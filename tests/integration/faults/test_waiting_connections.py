"""Strangers who open connections and say nothing are hung up on, and never cost others an answer for long."""

import resource
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest

from tests.support.conditions import wait_until
from tests.support.servers.servers import temporary_home
from tests.support.servers.service import Service, run_service

COUNT = 2000
HALF_A_HEAD = b"GET /healthz HTTP/1.1\r\nhost: here\r\nx-name: "
HALF_A_REQUEST = b"POST /api/v1/git/github/webhooks HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\n{"


@pytest.fixture(scope="module")
def service(urls: tuple[str, str]) -> Iterator[Service]:
    """Run an API."""
    with run_service(*urls, "api") as service:
        yield service


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Let the test itself have as many connections as it opens."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_connection(stack: ExitStack, service: Service, beginning: bytes = b"") -> socket.socket:
    """Connect, and send the beginning of a request."""
    address = service.address.host, service.address.port
    connection = stack.enter_context(socket.create_connection(address, timeout=30))
    connection.sendall(beginning)
    return connection


def count_ended(connections: list[socket.socket], seconds: float) -> int:
    """Return how many the other side has closed after so many seconds at most."""
    until = time.monotonic() + seconds
    ended = 0
    with selectors.DefaultSelector() as selector:
        for one in connections:
            selector.register(one, selectors.EVENT_READ, one)
        while ended < len(connections) and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                connection: socket.socket = key.data
                try:
                    is_ended = not connection.recv(65536)
                except ConnectionError:
                    is_ended = True
                if is_ended:
                    selector.unregister(connection)
                    ended += 1
    return ended


def open_descriptors(service: Service) -> int:
    """Return how many the API has open. Its metrics say so; `/proc` shows it to root alone."""
    [line] = [
        line for line in httpx.get(f"{service.url}/metrics").text.splitlines() if line.startswith("process_open_fds ")
    ]
    return int(float(line.split()[1]))


@pytest.mark.usefixtures("descriptors")
def test_closes_idle_and_half_open_connections_within_a_minute(service: Service) -> None:
    """Without data, with part of a head, and with part of a body."""
    beginnings = (b"", HALF_A_HEAD, b"G", HALF_A_REQUEST)
    with ExitStack() as stack:
        connections = [open_connection(stack, service, beginnings[number % len(beginnings)]) for number in range(COUNT)]
        wait_until(lambda: open_descriptors(service) > COUNT, seconds=30)
        assert httpx.get(f"{service.url}/healthz").status_code == 200
        assert count_ended(connections, 60) == COUNT


def test_logs_missing_file_descriptors_once(service: Service) -> None:
    """And their end once. The event loop itself only resets connections."""
    pid = service.pid("api")
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        # As if something else in the process had taken those that are left.
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_descriptors(service), before[1]))
        for _ in range(5):
            open_connection(stack, service)
        wait_until(lambda: service.log_lines("api", "descriptors_exhausted"), seconds=30)
        time.sleep(2.5)  # past more looks
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        wait_until(lambda: service.log_lines("api", "descriptors_available"), seconds=30)
    assert httpx.get(f"{service.url}/healthz").status_code == 200
    [exhausted] = service.log_lines("api", "descriptors_exhausted")
    assert "LimitNOFILE" in exhausted["reason"]
    assert len(service.log_lines("api", "descriptors_available")) == 1


def test_reserves_file_descriptors_for_the_database(urls: tuple[str, str]) -> None:
    """The limit on connections leaves some, and idle clients do not keep others out."""
    with temporary_home() as home, ExitStack() as stack:
        service = Service(home, *urls)
        stack.callback(service.stop)
        program = service._programs["api"]
        limited = ("/bin/sh", "-c", 'ulimit -n 128; exec "$@"', "sh", *program.command)
        service._programs["api"] = replace(program, command=limited)
        service.start("api")
        with ExitStack() as strangers:
            for _ in range(200):
                open_connection(strangers, service)
            wait_until(lambda: service.log_lines("api", "connections_exhausted"), seconds=30)
            # They have waited for longer than new callers.
            wait_until(lambda: httpx.get(f"{service.url}/healthz").status_code == 200, seconds=30)
        wait_until(lambda: service.log_lines("api", "connections_available"), seconds=30)
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        assert len(service.log_lines("api", "connections_exhausted")) == 1
        assert service.log_lines("api", "descriptors_exhausted") == []
