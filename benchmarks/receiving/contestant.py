"""Start a contender with a separate database, and check that it behaves as the results claim."""

import http.client
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.common import crewkit
from benchmarks.common.deliveries import PATH, Delivery
from benchmarks.common.errors import Unavailable
from benchmarks.common.server import Place, free_port, process, wait_until_listening
from benchmarks.common.services import Services
from benchmarks.receiving.contenders import SERVICE, Contender

_SCHEMA = Path(__file__).with_name("schema.sql")


@dataclass(frozen=True)
class Contestant:
    """A running contender."""

    contender: Contender
    pid: int
    port: int
    database: psycopg.Connection

    @property
    def url(self) -> str:
        """The webhook URL."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def empty(self) -> None:
        """Forget all stored deliveries and leave PostgreSQL nothing to write for the past."""
        if self.contender.table is not None:
            table = sql.Identifier(self.contender.table)
            self.database.execute(sql.SQL("TRUNCATE {} CASCADE").format(table))
        self.database.execute("CHECKPOINT")

    def count_stored(self) -> int:
        """Count the stored deliveries."""
        if self.contender.table is None:
            return 0
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(self.contender.table))
        row = self.database.execute(query).fetchone()
        return int(row[0]) if row else 0


@contextmanager
def run_contender(contender: Contender, services: Services, logs: Path, sample: Delivery) -> Iterator[Contestant]:
    """Start the contender; raise `Unavailable` with the reason if that, or its first delivery, fails."""
    serve = contender.serve()
    place = Place(free_port(), services.create_database(f"bench_{contender.name}"), services.redis_url)
    environment = contender.environment(place)
    log = logs / f"{contender.name}.log"
    with psycopg.connect(place.database_url, autocommit=True) as database:
        if contender is SERVICE:
            crewkit.migrate(environment, logs / "migrate.log")
        else:
            database.execute(_SCHEMA.read_bytes())
        with process(serve, environment, log) as started:
            wait_until_listening(started, place.port, log)
            contestant = Contestant(contender, started.pid, place.port, database)
            _check(contestant, sample)
            yield contestant


def _check(contestant: Contestant, sample: Delivery) -> None:
    """Post a delivery, the same again, and a forged one: it is stored once, and the forged one refused."""
    delivery_id = str(uuid.uuid4())
    good = sample.headers(delivery_id)
    forged = {**sample.headers(str(uuid.uuid4())), "X-Hub-Signature-256": "sha256=" + "0" * 64}
    for name, headers in (("first", good), ("repeated", good), ("forged", forged)):
        status = _post(contestant.port, sample.body, headers)
        wanted = name != "forged" or not contestant.contender.verifies
        if (status // 100 == 2) is not wanted:
            raise Unavailable(f"unexpected status {status} for the {name} delivery")
    if contestant.contender.table is not None and contestant.count_stored() != 1:
        raise Unavailable(f"{contestant.count_stored()} rows were stored for one delivery sent twice")


def _post(port: int, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", PATH, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
