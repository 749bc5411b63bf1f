"""Measure lists and searches of the catalog, through the real API: `python -m benchmarks.catalog_search`."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

import click
import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks import ours, services
from benchmarks.cpu import cpu_ticks, microseconds, wait_until_quiet
from benchmarks.load import find_wrk
from benchmarks.server import Place, free_port, process, wait_until_listening
from benchmarks.services import Services
from core.domain.identifiers import IntegrationId
from tests.support.large_catalog import fill

SIZES = (10_000, 100_000)
"""Of the two catalogs that are searched; thirty of others lie between their rows."""

_OTHERS = (2_000,) * 30
_CONNECTIONS = (1, 16)
_SCRIPT = Path(__file__).with_name("queries.lua")
_RESULT = "RESULT "

# None, one or two letters, common, rare, absent, and second pages, as often as people ask for each. Every
# name is `owner-…/` and one to three words.
_MIX: tuple[Mapping[str, str], ...] = (
    *({}, {}, {}, {"archived": "false"}),
    *({"q": "a"}, {"q": "s"}, {"q": "te"}, {"q": "qu"}),
    *({"q": "api"}, {"q": "service"}, {"q": "owner"}, {"q": "terraform"}),
    *({"q": "stream-batch"}, {"q": "77"}, {"q": "-4242"}, {"q": "cache_queue"}),
    *({"q": "nothing-like-it"}, {"q": "zzz"}),
)
_SECOND_PAGES: tuple[Mapping[str, str], ...] = ({}, {"q": "service"})


@dataclass(frozen=True)
class Window:
    """Hold what one window measured; CPU in microseconds per request."""

    requests_per_second: float
    api_us: float
    postgres_us: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Results:
    """Hold the windows of each catalog's size and number of connections, one per repetition."""

    windows: Mapping[tuple[int, int], Sequence[Window]]


@dataclass(frozen=True)
class _Api:
    """The API that is measured, and who asks it."""

    url: str
    pid: int
    authorization: str


def run(repetitions: int, seconds: int, servers: Services, home: Path) -> Results:
    """Fill the catalogs, start the API, and measure window after window."""
    place = Place(free_port(), servers.create_database("bench_search"), servers.redis_url)
    key, user = generate_private_key(public_exponent=65537, key_size=2048), uuid4()
    environment = {**ours.settings(place), "CREWKIT_GIT_AUTH_PUBLIC_KEY": _public(key)}
    ours.migrate(environment, home / "migrate.log")
    click.echo("filling the catalogs")
    tenants = [integration for integration, _ in fill(place.database_url, [*SIZES, *_OTHERS])]
    with psycopg.connect(place.database_url) as database:
        bases = [_joined(database, integration, str(user)) for integration in tenants[: len(SIZES)]]
    windows: dict[tuple[int, int], list[Window]] = {}
    with _api(environment, place, home / "api.log", _token(key, str(user))) as api:
        files = [
            _written(api, base, home / f"queries-{size}") for base, size in zip(bases, SIZES, strict=True)
        ]
        for file in files:
            _load(api, file, 16, 2)
        for repetition in range(repetitions):
            click.echo(f"repetition {repetition + 1} of {repetitions}: searching")
            for size, file in zip(SIZES, files, strict=True):
                for connections in _CONNECTIONS:
                    window = _measure(api, servers, file, connections, seconds)
                    windows.setdefault((size, connections), []).append(window)
                    _show(size, connections, window)
    return Results(windows)


def render(results: Results) -> str:
    """Return the table for docs/benchmarks.md."""
    rows = [
        (
            "repositories",
            "connections",
            "requests/s",
            "CPU µs/request",
            "API + PostgreSQL",
            "p50 ms",
            "p95 ms",
        ),
        ("---",) * 7,
    ]
    for (size, connections), windows in sorted(results.windows.items()):
        rows.append(
            (
                f"{size:,}",
                str(connections),
                _spread([window.requests_per_second for window in windows]),
                _spread([window.api_us + window.postgres_us for window in windows]),
                f"{median(w.api_us for w in windows):,.0f} + {median(w.postgres_us for w in windows):,.0f}",
                _spread([window.p50_ms for window in windows], digits=2),
                _spread([window.p95_ms for window in windows], digits=2),
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def demands(results: Results) -> Sequence[tuple[str, str, bool]]:
    """Return each demand with what was found and whether it holds."""
    small, large = SIZES
    p50 = median(window.p50_ms for window in results.windows[small, 1])
    p95 = median(window.p95_ms for window in results.windows[large, 1])
    cpu = max(median(w.api_us for w in results.windows[size, _CONNECTIONS[-1]]) for size in SIZES)
    return (
        (f"p50 of {small:,} repositories at most 5 ms", f"{p50:.2f} ms", p50 <= 5),
        (f"p95 of {large:,} repositories at most 15 ms", f"{p95:.2f} ms", p95 <= 15),
        ("at most 600 µs of CPU a request in the API", f"{cpu:.0f} µs", cpu <= 600),
    )


def _joined(database: psycopg.Connection, integration: IntegrationId, user: str) -> str:
    """Make the user a member of the integration's organization, and return the path of its repositories."""
    row = database.execute(
        """
        WITH person AS (
            INSERT INTO users (external_id, email) VALUES (%(user)s, 'bench@acme.example')
            ON CONFLICT (external_id) DO UPDATE SET email = excluded.email RETURNING id
        ), member AS (
            INSERT INTO memberships (user_id, organization_id, role)
            SELECT person.id, i.organization_id, 'member' FROM person, git_integrations AS i
            WHERE i.id = %(integration)s
        )
        SELECT o.external_id FROM organizations AS o
        JOIN git_integrations AS i ON i.organization_id = o.id WHERE i.id = %(integration)s
        """,
        {"user": user, "integration": integration},
    ).fetchone()
    assert row is not None  # it was just made
    return f"/api/v1/{row[0]}/git-integrations/github/repos"


def _written(api: _Api, base: str, file: Path) -> Path:
    """Write down the twenty questions; second pages need the first one's cursor."""
    following = [{**query, "cursor": _ask(api, base, query)["next_cursor"]} for query in _SECOND_PAGES]
    paths = [f"{base}?{urlencode(query)}" if query else base for query in (*_MIX, *following)]
    assert len(paths) == 20
    file.write_text("\n".join([api.authorization, *paths]))
    return file


def _ask(api: _Api, base: str, query: Mapping[str, str]) -> Mapping[str, str]:
    request = Request(f"{api.url}{base}?{urlencode(query)}", headers={"Authorization": api.authorization})
    with urlopen(request, timeout=10) as answer:
        body: Mapping[str, str] = json.load(answer)
    return body


@contextmanager
def _api(environment: Mapping[str, str], place: Place, log: Path, token: str) -> Iterator[_Api]:
    with process(ours.command("api"), environment, log) as started:
        wait_until_listening(started, place.port, log)
        yield _Api(f"http://127.0.0.1:{place.port}", started.pid, f"Bearer {token}")


def _measure(api: _Api, servers: Services, file: Path, connections: int, seconds: int) -> Window:
    roots = (api.pid, servers.postgres_pid)
    wait_until_quiet(roots)
    before = [cpu_ticks(root) for root in roots]
    seen = _load(api, file, connections, seconds)
    wait_until_quiet(roots)
    api_us, postgres_us = (
        microseconds(cpu_ticks(root) - start) / seen["requests"]
        for root, start in zip(roots, before, strict=True)
    )
    return Window(seen["requests"] / seen["seconds"], api_us, postgres_us, seen["p50_ms"], seen["p95_ms"])


def _load(api: _Api, file: Path, connections: int, seconds: int) -> Mapping[str, float]:
    """Ask over this many connections for this long; raise if an answer was not a success."""
    command = [find_wrk(), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    command += ["--timeout=60s", f"--script={_SCRIPT}", api.url, "--", str(file)]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = [line for line in finished.stdout.splitlines() if line.startswith(_RESULT)]
    if not lines:
        raise RuntimeError(f"wrk failed: {finished.stderr.strip() or finished.stdout.strip()}")
    seen: Mapping[str, float] = json.loads(lines[0].removeprefix(_RESULT))
    if seen["refused"] or seen["broken"]:
        raise RuntimeError(f"{seen['refused']} answers were refused, {seen['broken']} connections failed")
    return seen


def _token(key: RSAPrivateKey, user: str) -> str:
    now = datetime.now(UTC)
    claims = {"iss": "https://issuer.example", "aud": "crewkit-git", "sub": user, "iat": now}
    return jwt.encode({**claims, "exp": now + timedelta(hours=8)}, key, algorithm="RS256")


def _public(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _show(size: int, connections: int, window: Window) -> None:
    click.echo(
        f"  {size:>7,} repositories, {connections:>2} connections: {window.requests_per_second:>6,.0f}/s, "
        f"{window.api_us:,.0f} + {window.postgres_us:,.0f} µs, "
        f"p50 {window.p50_ms:.2f} p95 {window.p95_ms:.2f} ms"
    )


def _spread(figures: Sequence[float], digits: int = 0) -> str:
    middle, lowest, highest = (f"{f(figures):,.{digits}f}" for f in (median, min, max))
    return f"{middle} ({lowest} to {highest})"


@click.command()
@click.option("--repetitions", default=3, show_default=True, help="How often each window is measured.")
@click.option("--seconds", default=2, show_default=True, help="How long a window is.")
@click.option("--assert", "demanding", is_flag=True, help="Exit with 1 unless all demands are met.")
def main(*, repetitions: int, seconds: int, demanding: bool) -> None:
    """Measure lists and searches alone, and show the figures."""
    root = Path(__file__).parent.parent / ".crewkit-git"
    root.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix="bench-") as directory:
        home = Path(directory)
        with services.running(home / "services") as servers:
            results = run(repetitions, seconds, servers, home)
    click.echo(render(results))
    for demand, found, holds in demands(results):
        click.echo(f"{'met' if holds else 'NOT MET'}: {demand}: {found}")
    if demanding and not all(holds for *_, holds in demands(results)):
        sys.exit(1)


if __name__ == "__main__":
    main()
