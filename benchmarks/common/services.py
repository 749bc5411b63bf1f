"""Run the PostgreSQL and Redis that every contender shares, and look inside them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from local.embedded.home import claim_home
from local.embedded.postgres import run_postgres
from local.embedded.redis import run_redis

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(frozen=True)
class Services:
    """Addresses and process ids of the servers of this run. Their commits are durable."""

    postgres_url: str
    redis_url: str
    postgres_pid: int
    redis_pid: int
    versions: tuple[str, str]

    def create_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        with psycopg.connect(self.postgres_url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlunsplit(urlsplit(self.postgres_url)._replace(path=f"/{name}"))

    def flush_redis(self) -> None:
        """Empty Redis, so that a window does not include work from an earlier one."""
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()


@contextmanager
def run_servers(directory: Path) -> Iterator[Services]:
    """Start both servers in this directory and stop them at the end."""
    with ExitStack() as stack:
        home = stack.enter_context(claim_home(directory))
        postgres_url = stack.enter_context(run_postgres(home))
        redis_url = stack.enter_context(run_redis(home))
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            _require_durability(connection)
            # One vacuum more or less in a window of two seconds is noise, the same for every contender.
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("SELECT pg_reload_conf()")
            data_directory = Path(_show(connection, "data_directory"))
            postgres_version = _show(connection, "server_version")
        with redis.Redis.from_url(redis_url) as client:
            info = client.info("server")
        yield Services(
            postgres_url=postgres_url,
            redis_url=redis_url,
            postgres_pid=int((data_directory / "postmaster.pid").read_text().split("\n", 1)[0]),
            redis_pid=int(info["process_id"]),
            versions=(f"PostgreSQL {postgres_version}", f"Redis {info['redis_version']}"),
        )


def _require_durability(connection: psycopg.Connection) -> None:
    for name, wanted in _DURABLE.items():
        value = _show(connection, name)
        if value != wanted:
            raise RuntimeError(f"PostgreSQL runs with {name}={value}. The benchmarks require durable commits.")


def _show(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    if row is None:
        raise RuntimeError(f"PostgreSQL has no setting {name}")
    return str(row[0])
