"""Measure our worker: deliveries are posted to the API and then drained, with all effects."""

import json
from contextlib import ExitStack
from pathlib import Path

import psycopg
from psycopg import ClientCursor

from benchmarks import load, ours
from benchmarks.deliveries import (
    FIRST_INSTALLATION,
    FIRST_REPOSITORY,
    PATH,
    signed_pushes,
    write_for_wrk,
)
from benchmarks.process.drain import Drain, measure
from benchmarks.server import Place, free_port, process, wait_until_listening
from benchmarks.services import Services

INSTALLATIONS = 256
"""Enough to fill all 32 lanes."""

_SEED = Path(__file__).with_name("seed.sql")
_PUSHES = 20_000
_LOAD_SECONDS = 3
_CONNECTIONS = 64


class Backlog:
    """Our service with its integrations, ready to be given a backlog again and again."""

    def __init__(self, services: Services, example: Path, home: Path) -> None:
        """Create and fill the database."""
        self._services = services
        self._home = home
        self._place = Place(free_port(), services.create_database("bench_process_ours"), services.redis_url)
        self._environment = ours.settings(self._place)
        self._deliveries = home / "backlog"
        ours.migrate(self._environment, home / "migrate.log")
        with psycopg.connect(self._place.database_url) as database:
            _seed(database, json.loads(example.read_bytes()))
        write_for_wrk(signed_pushes(example, INSTALLATIONS, _PUSHES), self._deliveries)

    def drain_once(self) -> Drain:
        """Post deliveries, let one worker drain them, and require that each had its effects."""
        self._services.flush_redis()
        with psycopg.connect(self._place.database_url, autocommit=True) as database:
            database.execute(f"TRUNCATE {ours.EVENTS}, git_domain_events CASCADE")
            self._post()
            backlog = _count(database, "TRUE")
            drain = self._drain(database, backlog)
            _require_effects(database, backlog)
        return drain

    def _post(self) -> None:
        log = self._home / "process-api.log"
        with process(ours.command("api"), self._environment, log) as api:
            wait_until_listening(api, self._place.port, log)
            url = f"http://127.0.0.1:{self._place.port}{PATH}"
            seen = load.run(url, self._deliveries, _CONNECTIONS, _LOAD_SECONDS)
        if seen.refused or seen.broken:
            raise RuntimeError(f"{seen.refused} deliveries were refused and {seen.broken} connections failed")

    def _drain(self, database: psycopg.Connection, backlog: int) -> Drain:
        with ExitStack() as stack:
            scheduler = process(ours.command("scheduler"), self._environment, self._home / "scheduler.log")
            worker = process(ours.command("worker"), self._environment, self._home / "worker.log")
            stack.enter_context(scheduler)
            pid = stack.enter_context(worker).pid
            return measure(pid, self._services, backlog, lambda: _count(database, "status = 'pending'"))


def _seed(database: psycopg.Connection, push: dict[str, dict[str, object]]) -> None:
    parameters = {
        "installations": INSTALLATIONS,
        "first_installation": FIRST_INSTALLATION,
        "first_repository": FIRST_REPOSITORY,
        "full_name": push["repository"]["full_name"],
    }
    with ClientCursor(database) as cursor:  # several statements with parameters are merged on this side
        cursor.execute(_SEED.read_bytes(), parameters)


def _require_effects(database: psycopg.Connection, backlog: int) -> None:
    processed = _count(database, "status = 'processed' AND project_repository_id IS NOT NULL")
    row = database.execute("SELECT count(*) FROM git_domain_events WHERE type = 'git.push'").fetchone()
    pushed = row[0] if row else 0
    if not backlog == processed == pushed:
        raise RuntimeError(
            f"of {backlog} pushes {processed} were processed for a link, {pushed} domain events written"
        )


def _count(database: psycopg.Connection, condition: str) -> int:
    row = database.execute(f"SELECT count(*) FROM {ours.EVENTS} WHERE {condition}".encode()).fetchone()
    return int(row[0]) if row else 0
