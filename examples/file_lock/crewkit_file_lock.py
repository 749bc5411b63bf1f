"""One at a time by locks on files: for an installation on one machine, without locks in the database."""

import fcntl
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from pathlib import Path

from ports.system import Exclusion

DIRECTORY = "CREWKIT_FILE_LOCK_DIRECTORY"


class FileLockExclusion(Exclusion):
    """A lock per name, which the kernel releases when its holder ends.

    `flock` belongs to the open file, so two holders in one process exclude each other as well.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory

    def hold(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a name for the length of the block, or give False at once where another does."""
        # A name may hold what no file's may.
        return self._hold(self._directory / f"{sha256(name.encode()).hexdigest()}.lock")

    @asynccontextmanager
    async def _hold(self, path: Path) -> AsyncIterator[bool]:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)


def open_exclusion(environment: Mapping[str, str]) -> FileLockExclusion:
    """Make one of the environment: what `CREWKIT_GIT_ADAPTERS` names."""
    return FileLockExclusion(Path(environment.get(DIRECTORY) or "/var/lock/crewkit-git"))
