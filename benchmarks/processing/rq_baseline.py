"""Measure a common alternative: one RQ job per stored event."""

import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
from redis import Redis
from rq import Queue

from benchmarks import receiving
from benchmarks.common.deliveries import Delivery
from benchmarks.common.server import process
from benchmarks.common.services import Services
from benchmarks.processing.drain import Drain, measure

_SCHEMA = Path(receiving.__file__).with_name("schema.sql")
_JOBS_AT_ONCE = 500


@dataclass(frozen=True)
class Baseline:
    """Name a way to work off a backlog with RQ."""

    worker_class: str
    job: str
    backlog: int
    """So many events that they take a few seconds."""


SIMPLE = Baseline("SimpleWorker", "process_with_psycopg", 1_000)
FORKING = Baseline("Worker", "process_with_orm", 150)


def drain_once(baseline: Baseline, services: Services, pushes: list[Delivery], log: Path) -> Drain:
    """Store a backlog, enqueue its jobs, and let one worker run them."""
    database_url = services.create_database(f"bench_{uuid.uuid4().hex}")
    services.flush_redis()
    worker = [sys.executable, "-m", "benchmarks.processing.rq_worker", baseline.worker_class]
    environment = {"DATABASE_URL": database_url, "REDIS_URL": services.redis_url}
    with psycopg.connect(database_url, autocommit=True) as database:
        database.execute(_SCHEMA.read_bytes())
        _store(database, pushes, baseline.backlog)
        with Redis.from_url(services.redis_url) as redis:
            _enqueue(Queue(connection=redis), f"benchmarks.processing.rq_jobs.{baseline.job}", baseline.backlog)
        with process(worker, environment, log) as started:
            return measure([started.pid], services, baseline.backlog, lambda: _count_pending(database))


def _store(database: psycopg.Connection, pushes: list[Delivery], backlog: int) -> None:
    copy = "COPY deliveries (delivery_id, event_type, payload) FROM STDIN"
    with database.cursor() as cursor, cursor.copy(copy) as rows:
        for number in range(backlog):
            rows.write_row((str(uuid.uuid4()), "push", pushes[number % len(pushes)].body.decode()))


def _enqueue(queue: Queue, function: str, backlog: int) -> None:
    for start in range(0, backlog, _JOBS_AT_ONCE):
        ids = range(start + 1, min(start + _JOBS_AT_ONCE, backlog) + 1)
        queue.enqueue_many([Queue.prepare_data(function, args=(row_id,)) for row_id in ids])


def _count_pending(database: psycopg.Connection) -> int:
    row = database.execute("SELECT count(*) FROM deliveries WHERE status = 'pending'").fetchone()
    return int(row[0]) if row else 0
