"""Give our service a backlog and have one worker drain it, with all effects."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import ClientCursor
from psycopg.types.json import Jsonb

from benchmarks.common import crewkit, load
from benchmarks.common.deliveries import EXAMPLE, FIRST_INSTALLATION, FIRST_REPOSITORY, PATH, sign_pushes, write_for_wrk
from benchmarks.common.load import Load
from benchmarks.common.server import Place, free_port, process, wait_until_listening
from benchmarks.common.services import Services
from benchmarks.processing.drain import Drain, measure

INSTALLATIONS = 256
"""Enough to fill all 32 lanes."""

_SEED = Path(__file__).with_name("seed.sql")
_PUSHES = 20_000
_CONNECTIONS = 64
# What a backlog leaves behind.
_WRITTEN = (crewkit.EVENTS, "git_domain_events", "git_commit_attributions")


@dataclass(frozen=True)
class Api:
    """Our API, running."""

    pid: int
    url: str
    deliveries: Path

    def post(self, seconds: int) -> Load:
        """Post deliveries for this long; raise if any was refused."""
        seen = load.post_deliveries(self.url, self.deliveries, _CONNECTIONS, seconds)
        if seen.problem:
            raise RuntimeError(seen.problem)
        return seen


class Backlog:
    """Our service with integrations, each with a linked project, ready to be given backlogs again and again.

    The events of the first filling stay in the database as a part of the scene.
    """

    def __init__(self, services: Services, home: Path, name: str) -> None:
        """Create and fill the database."""
        self.services = services
        self._logs = home / name
        self._logs.mkdir()
        self.knows_everyone = True
        """All authors have connected their account, and every commit must be attributed to its author."""
        self._place = Place(free_port(), services.create_database(f"bench_{name}"), services.redis_url)
        self.environment = crewkit.settings(self._place)
        self._deliveries = self._logs / "backlog"
        crewkit.migrate(self.environment, self._logs / "migrate.log")
        with psycopg.connect(self._place.database_url) as database:
            _seed(database)
        self._kept = dict.fromkeys(_WRITTEN, 0)
        write_for_wrk(sign_pushes(INSTALLATIONS, _PUSHES), self._deliveries)

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection]:
        """Open a connection that commits each statement."""
        with psycopg.connect(self._place.database_url, autocommit=True) as database:
            yield database

    def set_rules(self, rules: Mapping[str, Any]) -> None:
        """Give all links these rules, in place of the former ones."""
        with self.database() as database:
            settings = Jsonb({"rules": rules} if rules else {})
            database.execute("UPDATE project_repositories SET settings = %s", (settings,))

    def keep(self) -> None:
        """Keep the rows that exist now when the backlog is emptied."""
        with self.database() as database:
            for table in _WRITTEN:
                self._kept[table] = _one(database, f"SELECT coalesce(max(id), 0) FROM {table}")

    def empty(self) -> None:
        """Remove the last backlog and leave PostgreSQL nothing to write or clean for the past."""
        self.services.flush_redis()
        with self.database() as database:
            for table, kept in self._kept.items():
                if kept:
                    database.execute(f"DELETE FROM {table} WHERE id > {kept}".encode())
                    database.execute(f"VACUUM (ANALYZE) {table}".encode())
                else:
                    database.execute(f"TRUNCATE {table} CASCADE".encode())
            database.execute("CHECKPOINT")

    @contextmanager
    def api(self, port: int | None = None) -> Iterator[Api]:
        """Run our API for the length of the block, at another port if one is named."""
        port = port or self._place.port
        log = self._logs / f"api-{port}.log"
        environment = {**self.environment, "CREWKIT_GIT_HTTP_ADDR": f"127.0.0.1:{port}"}
        with process(crewkit.command("api"), environment, log) as started:
            wait_until_listening(started, port, log)
            yield Api(started.pid, f"http://127.0.0.1:{port}{PATH}", self._deliveries)

    def drain(self, workers: int = 1) -> Drain:
        """Process the backlog with workers, and require the effects of every event."""
        with self.database() as database, ExitStack() as stack:
            backlog = self._count(database, "TRUE")
            pids = []
            for name in ("scheduler", *(f"worker-{number}" for number in range(workers))):
                log, command = self._logs / f"{name}.log", crewkit.command(name.partition("-")[0])
                pids.append(stack.enter_context(process(command, self.environment, log)).pid)
            drain = measure(pids[1:], self.services, backlog, lambda: self._count(database, "status = 'pending'"))
            self._require_effects(database, backlog)
        return drain

    def _require_effects(self, database: psycopg.Connection, backlog: int) -> None:
        processed = self._count(database, "status = 'processed' AND project_repository_id IS NOT NULL")
        kept = self._kept["git_domain_events"]
        pushed = _one(database, f"SELECT count(*) FROM git_domain_events WHERE id > {kept} AND type = 'git.push'")
        kept = self._kept["git_commit_attributions"]
        unknown = _one(database, f"SELECT count(*) FROM git_commit_attributions WHERE id > {kept} AND user_id IS NULL")
        if self.knows_everyone and unknown:
            raise RuntimeError(f"{unknown} commits were not attributed to their author.")
        if not backlog == processed == pushed:
            raise RuntimeError(
                f"of {backlog} pushes {processed} were processed for a link, {pushed} domain events written"
            )

    def _count(self, database: psycopg.Connection, condition: str) -> int:
        """Count rows of the backlog."""
        kept = self._kept[crewkit.EVENTS]
        return _one(database, f"SELECT count(*) FROM {crewkit.EVENTS} WHERE id > {kept} AND {condition}")


def _seed(database: psycopg.Connection) -> None:
    push = json.loads(EXAMPLE.read_bytes())
    parameters = {
        "installations": INSTALLATIONS,
        "first_installation": FIRST_INSTALLATION,
        "first_repository": FIRST_REPOSITORY,
        "full_name": push["repository"]["full_name"],
        "account": str(push["sender"]["id"]),
        "login": push["sender"]["login"],
    }
    with ClientCursor(database) as cursor:  # several statements with parameters are merged on this side
        cursor.execute(_SEED.read_bytes(), parameters)


def _one(database: psycopg.Connection, query: str) -> int:
    row = database.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
