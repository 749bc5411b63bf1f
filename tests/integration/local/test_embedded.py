"""The embedded servers start, stop, and put right what an earlier run left."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from entrypoints.process.listeners import CannotStart
from local.embedded.home import Home, claim_home
from local.embedded.postgres import create_database, postgres_program, postgres_url, run_postgres
from local.embedded.process import Process, run_program
from local.embedded.redis import redis_program, run_redis
from tests.support.conditions import wait_until
from tests.support.servers.servers import temporary_home

SERVE_UNTIL_KILLED = """
import sys
from pathlib import Path
from local.embedded.home import claim_home
from local.embedded.postgres import run_postgres
from local.embedded.redis import run_redis
with claim_home(Path(sys.argv[1])) as home, run_postgres(home) as url, run_redis(home):
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home() -> Iterator[Home]:
    """Claim a new home."""
    with temporary_home() as claimed:
        yield claimed


def processes_of(home: Home) -> list[psutil.Process]:
    """List the servers' processes of this home."""
    marks = (home.marker("postgres"), home.marker("redis"), str(home.sockets))
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(mark in " ".join(process.info["cmdline"] or []) for mark in marks)
    ]


def answer(url: str, statement: str) -> object:
    """Run one statement and give the one value it returns."""
    with psycopg.connect(url) as connection:
        row = connection.execute(statement).fetchone()
        assert row is not None
        return row[0]


def keep(url: str) -> None:
    """Commit something to look for later."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'yes' AS answer")


def has_kept(url: str) -> bool:
    """Return whether the row that `keep` committed exists."""
    return answer(url, "SELECT answer FROM kept") == "yes"


def both_answer(url: str, cache: str) -> bool:
    """Return whether PostgreSQL and Redis respond."""
    with redis.Redis.from_url(cache) as client:
        return answer(url, "SELECT 1") == 1 and client.ping() is True


def test_servers_use_private_sockets_and_leave_nothing(home: Home) -> None:
    """Only Unix sockets in a directory of mode 700, no TCP port, no root; no process or socket stays."""
    # The process from which tests fork others may run already.
    earlier = set(psutil.Process().children())
    with run_postgres(home, durable=False) as url, run_redis(home) as cache:
        assert both_answer(url, cache)
        assert answer(url, "SELECT current_setting('timezone')") == "UTC"
        servers = set(psutil.Process().children()) - earlier
        assert servers
        for process in servers:
            assert not process.net_connections("inet")
            assert process.name() == "redis-server" or process.uids().real != 0
        assert home.sockets.stat().st_mode & 0o777 == 0o700
    assert processes_of(home) == []
    assert list(home.sockets.iterdir()) == []


def test_data_survives_a_restart(home: Home) -> None:
    """Redis starts empty by design."""
    with run_postgres(home) as url, run_redis(home) as cache:
        assert answer(url, "SELECT current_setting('fsync')") == "on"
        keep(url)
        with redis.Redis.from_url(cache) as client:
            client.set("kept", "yes")
    with run_postgres(home) as url, run_redis(home) as cache, redis.Redis.from_url(cache) as client:
        assert has_kept(url)
        assert client.get("kept") is None
        assert list((home.path / "redis").iterdir()) == []


@pytest.mark.parametrize("name", ["deep/" * 40, "it's, un usual"])
def test_long_home_gets_a_short_private_socket_directory(tmp_path: Path, name: str) -> None:
    """Paths of sockets are limited. The directory is private and is removed afterwards."""
    with claim_home(tmp_path / name) as home:
        assert not home.sockets.is_relative_to(home.path)
        assert home.sockets.stat().st_mode & 0o777 == 0o700
        with run_postgres(home, durable=False) as url, run_redis(home) as cache:
            assert both_answer(url, cache)
    assert not home.sockets.exists()


@pytest.mark.parametrize("taken", ["open to others", "a link elsewhere"])
def test_rejects_a_socket_directory_of_another_user(tmp_path: Path, taken: str) -> None:
    """Another local user could put a directory at the path of the sockets."""
    with claim_home(tmp_path / ("deep/" * 40)) as home:
        sockets = home.sockets
    try:
        if taken == "open to others":
            sockets.mkdir()
            sockets.chmod(0o777)
        else:
            sockets.symlink_to(tmp_path)
        with pytest.raises(CannotStart, match="mode 700"), claim_home(home.path):
            pass
    finally:
        sockets.unlink() if sockets.is_symlink() else sockets.rmdir()


def test_rejects_a_second_start_with_the_pid_of_the_first(home: Home) -> None:
    """Two servers would damage the data; the message names the process and the setting."""
    with pytest.raises(CannotStart, match=rf"Process {os.getpid()} .*CREWKIT_GIT_HOME"), claim_home(home.path):
        pass


def test_rejects_an_invalid_home_with_its_setting(tmp_path: Path) -> None:
    """For example, a path that is a file."""
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="Set CREWKIT_GIT_HOME"), claim_home(tmp_path / "file"):
        pass


def test_servers_end_with_a_killed_parent_and_start_again(tmp_path: Path) -> None:
    """The next start has all committed data."""
    command = [sys.executable, "-c", SERVE_UNTIL_KILLED, str(tmp_path / "home")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        keep(url)
        servers = psutil.Process(owner.pid).children(recursive=True)
        assert _names(servers) == {"postgres", "redis-server"}
        owner.kill()
    _, alive = psutil.wait_procs(servers, timeout=10)
    assert alive == []
    with claim_home(tmp_path / "home") as home, run_postgres(home) as url, run_redis(home):
        assert has_kept(url)


def _names(servers: list[psutil.Process]) -> set[str]:
    """Return what they are called, but for PostgreSQL's helpers that have ended meanwhile."""
    found = set()
    for process in servers:
        with suppress(psutil.NoSuchProcess):
            found.add(process.name())
    return found


def test_stops_running_servers_first(home: Home) -> None:
    """If the system cannot end them with their parent, the next start stops them."""
    programs = (postgres_program(home, durable=False), redis_program(home))
    left = [Process(program) for program in programs]
    for process in left:
        process.wait_until_ready()
    with run_postgres(home, durable=False) as url, run_redis(home) as cache:
        # They have ended; on a busy machine the system notifies their parent a moment later.
        wait_until(lambda: [process.exit_code() for process in left] == [0, 0])
        assert both_answer(url, cache)
    for process in left:
        process.stop()


def test_next_start_repairs_a_killed_server(home: Home) -> None:
    """After `kill -9` of PostgreSQL, its pid file, socket and orphans are removed."""
    with run_program(postgres_program(home)) as process:
        create_database(home)
        keep(postgres_url(home))
        os.kill(process.pid, signal.SIGKILL)
    assert (home.path / "postgres" / "postmaster.pid").exists()
    with run_postgres(home) as url:
        assert has_kept(url)


def test_ignores_stale_pid_files(home: Home) -> None:
    """The pid may belong to any process by now: it is neither trusted nor killed."""
    with run_postgres(home, durable=False):
        pass
    (home.path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{home.path}/postgres\n")
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock", "redis.sock"):
        (home.sockets / name).write_text(f"{os.getpid()}\n")
    with run_postgres(home, durable=False) as url, run_redis(home) as cache:
        assert both_answer(url, cache)


def test_repeats_an_interrupted_first_start(home: Home) -> None:
    """An incomplete cluster is never used."""
    unfinished = home.path / "postgres.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    with run_postgres(home, durable=False) as url:
        assert answer(url, "SELECT 1") == 1
    assert not unfinished.exists()


@pytest.mark.parametrize(
    ("file", "content", "remedy"),
    [
        ("PG_VERSION", "16\n", "Move the directory away .* or set CREWKIT_GIT_DATABASE_URL"),
        ("letter", "", "Move it away"),
    ],
)
def test_does_not_touch_an_unusable_directory(home: Home, file: str, content: str, remedy: str) -> None:
    """Data of another version or program is rejected with a remedy."""
    cluster = home.path / "postgres"
    cluster.mkdir()
    (cluster / file).write_text(content)
    with pytest.raises(CannotStart, match=remedy), run_postgres(home):
        pass
    assert [path.name for path in cluster.iterdir()] == [file]


def test_reports_the_message_of_postgres(home: Home) -> None:
    """A server that ends while it starts is reported with its last lines and its log."""
    with run_postgres(home, durable=False):
        pass
    (home.path / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(CannotStart, match=r"(?s)postgres\.log.*pg_control"), run_postgres(home):
        pass
    assert processes_of(home) == []


def test_short_directories_are_temporary(tmp_path: Path) -> None:
    """A home has the same directory at each start, so leftovers are found."""
    deep = tmp_path / ("deep/" * 40)
    with claim_home(deep) as first:
        pass
    with claim_home(deep) as second:
        assert first == second
        assert second.sockets.parent == Path(tempfile.gettempdir())
