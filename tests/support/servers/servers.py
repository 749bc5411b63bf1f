"""Give tests a real PostgreSQL and a real Redis: embedded ones, given ones, or containers."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from local.embedded.home import Home, claim_home
from local.embedded.postgres import run_postgres
from local.embedded.redis import run_redis

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers of one test session are."""

    database_url: str
    """Of a database that exists; tests make their own beside it and leave it alone."""
    redis_url: str
    """Of a logical database that tests empty."""


@contextmanager
def run_servers() -> Iterator[Servers]:
    """Run the servers that the environment asks for, for the length of the block.

    `CREWKIT_GIT_TEST_CONTAINERS=1` takes containers, `CREWKIT_GIT_TEST_DATABASE_URL` and
    `CREWKIT_GIT_TEST_REDIS_URL` given servers, the latter emptied by the tests; otherwise they are embedded.
    """
    with ExitStack() as stack:
        if os.environ.get("CREWKIT_GIT_TEST_CONTAINERS") == "1":
            yield stack.enter_context(_containers())
            return
        database_url = os.environ.get("CREWKIT_GIT_TEST_DATABASE_URL")
        redis_url = os.environ.get("CREWKIT_GIT_TEST_REDIS_URL")
        home = stack.enter_context(temporary_home())
        yield Servers(
            database_url or stack.enter_context(run_postgres(home, durable=False)),
            redis_url or stack.enter_context(run_redis(home)),
        )


@contextmanager
def temporary_home() -> Iterator[Home]:
    """Claim a new home that is removed afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="crewkit-git-test-", dir=_in_memory()) as directory,
        claim_home(Path(directory)) as home,
    ):
        yield home


@contextmanager
def new_database(server_url: str, template: str | None = None) -> Iterator[str]:
    """Create a database on the server of the URL, a copy of the template if one is named, and give its URL.

    It is dropped afterwards, even with open connections. The template must have no connection meanwhile.
    """
    name = f"test_{uuid.uuid4().hex}"
    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        # Page by page through the log, which is the default, takes three times as long.
        create += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
    else:
        # Whatever the given server makes by itself.
        create += sql.SQL(" TEMPLATE template0 ENCODING 'UTF8'")
    _execute(server_url, create)
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        _execute(server_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def create_template(servers: Servers) -> Iterator[str]:
    """Make one database by the migrations and give its name, to be copied for each test."""
    from entrypoints.bootstrap.migrations import migrate  # noqa: PLC0415 - heavy, and not every test needs it

    with new_database(servers.database_url) as url:
        migrate(url)
        yield database_name(url)


@contextmanager
def flush_redis(servers: Servers) -> Iterator[str]:
    """Give the URL of a logical Redis database that is empty before and after."""
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushdb()
        try:
            yield servers.redis_url
        finally:
            client.flushdb()


def database_name(url: str) -> str:
    """Give the name of the URL's database."""
    return urlsplit(url).path.removeprefix("/")


def _in_memory() -> Path | None:
    """Name where files are in memory, if it has room for databases: a copy of one takes a fifth of the time.

    A container's is often of 64 MB, and other systems have none.
    """
    try:
        room = shutil.disk_usage(_MEMORY).free
    except OSError:
        return None
    return _MEMORY if room >= _ROOM else None


def _execute(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def _containers() -> Iterator[Servers]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only on request
    from testcontainers.community.redis import RedisContainer  # noqa: PLC0415 - only on request

    with PostgresContainer("postgres:18", driver=None) as postgres, RedisContainer("redis:7") as container:
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(container.port)}"
        yield Servers(postgres.get_connection_url(), f"redis://{address}/0")
