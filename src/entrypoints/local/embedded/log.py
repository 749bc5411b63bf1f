"""Keep a program's output in a file that cannot grow without bound."""

import os
from pathlib import Path

LIMIT = 5 * 1024 * 1024


class BoundedLog:
    """A log of at most twice the limit: a full file becomes `NAME.1`, replacing the one before."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        """Go on at the end of the file, readable by its owner alone."""
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._path = path
        self._limit = limit
        self._open()

    def write(self, line: bytes) -> None:
        """Append one line."""
        if self._size + len(line) > self._limit:
            os.close(self._file)
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._open()
        self._size += os.write(self._file, line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size
