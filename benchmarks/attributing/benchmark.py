"""Measure attribution: a hundred thousand commits in a backlog, and ten thousand that are claimed later."""

import asyncio
import http.client
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import click
import psycopg
from psycopg import ClientCursor

from benchmarks.attributing.pushes import AUTHORS, COMMITS, EVERYONE, bodies
from benchmarks.benchmark import Benchmark, Demand, Report, Stage
from benchmarks.machine import packages
from benchmarks.processing.backlog import INSTALLATIONS, Backlog
from benchmarks.processing.drain import Drain
from benchmarks.tables import spread, sum_of_medians, table
from entrypoints.bootstrap.application import open_application
from entrypoints.settings.settings import Settings

_PUSHES = 2_000
_QUICK_PUSHES = 400
_EARLIER = 10_000
_PEOPLE = Path(__file__).with_name("people.sql")
_EARLIER_COMMITS = Path(__file__).with_name("earlier.sql")

_METHOD = f"""\
The backlog consists of pushes of {COMMITS} commits each. Each push has {AUTHORS} of {len(EVERYONE)}
authors. Seven of ten authors have connected their account: a third each are identified by GitHub's account
number, by a verified email address, and by login alone. Every fifth commit has a co-author. One worker
processes the backlog with all effects, and every author and co-author must have an attribution afterwards.
Then a user connects who wrote {_EARLIER:,} earlier commits; the table contains the same number of commits
by others."""


@dataclass(frozen=True)
class Results:
    """The results of each repetition: the drain, the attributed people, and the time to claim."""

    drains: Sequence[Drain]
    people: Sequence[int]
    claim_seconds: Sequence[float]


def run(stage: Stage) -> Report:
    """Measure drains and claims in turn."""
    backlog = Backlog(stage.servers, stage.home, "attributing")
    pushes = _QUICK_PUSHES if stage.quick else _PUSHES
    backlog.knows_everyone = False
    with backlog.database() as database:
        _connect_people(database)
    drains, people, claims = [], [], []
    for repetition in range(stage.repetitions):
        backlog.empty()
        with backlog.api() as api:
            _post(api.url, pushes)
        drains.append(drain := backlog.drain())
        with backlog.database() as database:
            people.append(_require_attributed(database, pushes))
            _write_earlier(database)
        claims.append(seconds := asyncio.run(_claim(backlog.environment)))
        with backlog.database() as database:
            _require_claimed(database)
        click.echo(
            f"  {repetition + 1} of {stage.repetitions}: {drain.events_per_second * COMMITS:,.0f} commits/s, "
            f"{drain.total_us / COMMITS:,.1f} µs each; {_EARLIER:,} claimed in {seconds:.2f} s"
        )
    results = Results(drains, people, claims)
    software = [", ".join(stage.servers.versions), packages("psycopg", "rq")]
    return Report(check(results), body(results), software)


def check(results: Results) -> Sequence[Demand]:
    """Check the demands on attribution."""
    rate = median(drain.events_per_second for drain in results.drains) * COMMITS
    seconds = median(results.claim_seconds)
    return [
        Demand("at least 10,000 commits/s attributed while processing a backlog", f"{rate:,.0f}", rate >= 10_000),
        Demand(f"{_EARLIER:,} earlier commits claimed within 1 s", f"{seconds:.2f} s", seconds <= 1),
    ]


def body(results: Results) -> str:
    """Return all figures in Markdown."""
    drains = results.drains
    parts = [[us / COMMITS for us in (one.worker_us, one.postgres_us, one.redis_us)] for one in drains]
    rows = [
        ("commits/s", spread([one.events_per_second * COMMITS for one in drains])),
        ("people attributed in each repetition", f"{median(results.people):,.0f}"),
        ("CPU µs per commit", spread([one.total_us / COMMITS for one in drains], digits=1)),
        ("worker + PostgreSQL + Redis", sum_of_medians(parts)),
        (f"seconds to claim {_EARLIER:,}", spread(results.claim_seconds, digits=2)),
    ]
    return f"{_METHOD}\n\n{table(('', ''), rows)}"


def _connect_people(database: psycopg.Connection) -> None:
    parameters = {
        "accounts": [str(person.account) for person in EVERYONE],
        "logins": [person.login for person in EVERYONE],
        "addresses": [person.address for person in EVERYONE],
        "connected": [person.is_connected for person in EVERYONE],
    }
    with ClientCursor(database) as cursor:  # several statements with parameters are merged on this side
        cursor.execute(_PEOPLE.read_bytes(), parameters)


def _post(url: str, count: int) -> None:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    for body_, signature in bodies(count, INSTALLATIONS):
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature-256": signature,
        }
        connection.request("POST", place.path, body_, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.ACCEPTED:
            raise RuntimeError(f"A push got status {answer.status} instead of 202.")
    connection.close()


def _require_attributed(database: psycopg.Connection, pushes: int) -> int:
    counts = "SELECT count(*) FROM git_commit_attributions WHERE"
    authors, co_authors, matched = (
        _one(database, f"{counts} {condition}")
        for condition in ("role = 'author'", "role = 'co_author'", "kind = 'user'")
    )
    commits, people = pushes * COMMITS, authors + co_authors
    if (authors, co_authors) != (commits, commits // 5):
        raise RuntimeError(f"Attributed {authors} authors and {co_authors} co-authors of {commits} commits.")
    if not 0.6 < matched / people < 0.8:
        raise RuntimeError(f"Matched {matched} of {people} people; expected 60 to 80 %.")
    return people


def _write_earlier(database: psycopg.Connection) -> None:
    database.execute("DELETE FROM user_git_connections WHERE provider_username = 'newcomer'")
    database.execute("DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE name = 'Newcomer')")
    database.execute("DELETE FROM users WHERE name = 'Newcomer'")
    with ClientCursor(database) as cursor:
        cursor.execute(_EARLIER_COMMITS.read_bytes(), {"commits": _EARLIER})


async def _claim(environment: Mapping[str, str]) -> float:
    settings = Settings.from_environment(environment, process="scheduler")
    async with open_application(settings) as application:
        started = time.perf_counter()
        claimed = await application.attribution.claim_commits()
        seconds = time.perf_counter() - started
    if claimed != _EARLIER:
        raise RuntimeError(f"Claimed {claimed} commits instead of {_EARLIER}.")
    return seconds


def _require_claimed(database: psycopg.Connection) -> None:
    of_newcomer = "kind = 'none' AND address = 'newcomer@example.org'"
    left = _one(database, f"SELECT count(*) FROM git_commit_attributions WHERE {of_newcomer}")
    if left:
        raise RuntimeError(f"{left} earlier commits are still unattributed.")


def _one(database: psycopg.Connection, query: str) -> int:
    row = database.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


BENCHMARK = Benchmark("Attribution", run)
