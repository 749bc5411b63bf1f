"""The data directory of everything that runs on this machine. One process at a time holds it."""

import fcntl
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from entrypoints.process.listeners import CannotStart

# A socket address holds 104 bytes on macOS and 108 on Linux, of which `/.s.PGSQL.5432` needs 14.
LONGEST_SOCKET_DIRECTORY = 85
# Other characters would need escaping in a URL or in PostgreSQL's comma separated list of directories.
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass(frozen=True, slots=True)
class Home:
    """A data directory that only this process holds. `claim_home` creates it."""

    path: Path
    """Absolute, with symbolic links resolved."""
    sockets: Path
    """A directory of this user with mode 700, whose path is short enough for Unix sockets."""

    def marker(self, program: str) -> str:
        """Return a text for the command line of a program of this home, by which leftover processes are found."""
        return f"crewkit-git:{_digest(self.path)}/{program}/"

    @property
    def logs(self) -> Path:
        """The directory of the processes' logs."""
        return self.path / "logs"


@contextmanager
def claim_home(path: Path) -> Iterator[Home]:
    """Create the directory if it does not exist, and hold it until the block ends.

    Raises `CannotStart` if another process holds it or if it is not writable. The kernel releases it when this
    process ends, even if it is killed.
    """
    home = path.expanduser()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = home.resolve()
        lock = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(
            f"The data directory {home} is not writable ({error.strerror}). Set CREWKIT_GIT_HOME to a "
            "directory you own."
        ) from error
    try:
        _lock(lock, home)
        with _socket_directory(home) as sockets:
            yield Home(home, sockets)
    finally:
        os.close(lock)


def _lock(lock: int, home: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode().strip()
        raise CannotStart(
            f"{f'Process {holder}' if holder else 'Another process'} is already using {home}. "
            f"Stop it{f' (kill {holder})' if holder else ''}, or set CREWKIT_GIT_HOME to another directory."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


@contextmanager
def _socket_directory(home: Path) -> Iterator[Path]:
    """Create a private directory for sockets: in the home, or in a short path if its path is long or unusual."""
    directory = home / "run"
    if not _fits(directory):
        temporary = Path(tempfile.gettempdir())
        name = f"crewkit-git-{os.geteuid()}-{_digest(home)}"
        directory = (temporary if _fits(temporary / name) else Path("/tmp")) / name  # noqa: S108 - checked below
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    # In a shared directory, another local user could create it first, to intercept connections to the servers.
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise CannotStart(f"{directory} is not a directory that you own with mode 700. Remove it, then start again.")
    try:
        yield directory
    finally:
        with suppress(OSError):  # not empty after a server was killed; the next start removes its socket
            directory.rmdir()


def _fits(directory: Path) -> bool:
    text = str(directory)
    return len(text) <= LONGEST_SOCKET_DIRECTORY and PLAIN_PATH.fullmatch(text) is not None


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
