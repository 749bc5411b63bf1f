"""Servers of a test's own, which it may stop, freeze and start again; always embedded ones."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from entrypoints.bootstrap.migrations import migrate
from local.embedded.postgres import create_database, postgres_program, postgres_url
from local.embedded.process import Process, Program
from local.embedded.redis import redis_program, redis_url
from tests.support.conditions import wait_until
from tests.support.servers.servers import temporary_home


class Breakable:
    """One server at one URL."""

    def __init__(self, program: Program, url: str) -> None:
        self.url = url
        self._program = program
        self._process = Process(program)
        self._process.wait_until_ready()

    def stop(self) -> None:
        """Stop it; its address refuses connections from now on."""
        self._process.stop()

    def start(self) -> None:
        """Start it again: PostgreSQL with its data, Redis empty."""
        self._process = Process(self._program)
        self._process.wait_until_ready()

    def kill(self) -> None:
        """End it and all it made as `kill -9` does."""
        family = self._family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)
        self._process.stop()

    def freeze(self) -> None:
        """Let it fall silent: its address accepts connections and nobody answers."""
        first = psutil.Process(self._process.pid)
        # The parent process before its children: a child started meanwhile would continue to answer.
        first.suspend()
        wait_until(lambda: first.status() == psutil.STATUS_STOPPED)
        for process in first.children(recursive=True):
            process.suspend()

    def thaw(self) -> None:
        """Let it go on as if nothing had been."""
        for process in reversed(self._family()):
            process.resume()

    def _family(self) -> list[psutil.Process]:
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]


@contextmanager
def breakable_postgres(*, durable: bool = False) -> Iterator[Breakable]:
    """Run PostgreSQL with a migrated database for the length of the block.

    Only a durable server has its committed data after a kill.
    """
    with temporary_home() as home:
        server = Breakable(postgres_program(home, durable=durable), postgres_url(home))
        with _stop_at_end(server):
            create_database(home)
            migrate(server.url)
            yield server


@contextmanager
def breakable_redis() -> Iterator[Breakable]:
    """Run Redis for the length of the block."""
    with temporary_home() as home:
        server = Breakable(redis_program(home), redis_url(home))
        with _stop_at_end(server):
            yield server


@contextmanager
def _stop_at_end(server: Breakable) -> Iterator[None]:
    try:
        yield
    finally:
        if server._process.exit_code() is None:
            server.thaw()
            server.stop()
