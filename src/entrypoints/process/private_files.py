"""Write files that only their owner may read."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: half a key would be believed for ever."""
    _write(path, content).replace(path)


def write_new_private(path: Path, content: bytes) -> None:
    """Like `write_private`, but where there is no file yet; raises `FileExistsError`."""
    unfinished = _write(path, content)
    try:
        path.hardlink_to(unfinished)
    finally:
        unfinished.unlink()


def _write(path: Path, content: bytes) -> Path:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return unfinished
