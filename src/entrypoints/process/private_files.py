"""Files that only their owner can read: written completely or not at all."""

import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_MAX_NAMES = 100


def write_private(path: Path, content: bytes) -> None:
    """Write the complete file or nothing: a part of a key would be used from then on."""
    _write(path, content).replace(path)


def write_new_private(path: Path, content: bytes) -> None:
    """Like `write_private`, but never replace a file; raises `FileExistsError`."""
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


class NoWritableDirectory(Exception):
    """No directory is writable."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The file that was written, and why it is not the requested one."""

    path: Path
    instead: str | None = None


def environment_text(variables: Mapping[str, str], *, about: str) -> str:
    r"""Return the text of a file with these variables for shells, systemd and `docker --env-file`.

    Newlines are written as `\n`. Only the key needs quotes. `docker` includes them in the value, and the parser of
    keys removes them.
    """
    lines = [f"{name}={_quote(value)}" for name, value in variables.items()]
    return "\n".join([*(f"# {line}" for line in about.splitlines()), *lines, ""])


def keep(content: bytes, path: Path, *, replace: bool) -> StoredFile:
    """Write a file that only its owner can read, completely or not at all.

    If the path cannot be written, another new file is written, so that the content is not lost. Raises
    `NoWritableDirectory`.
    """
    write = write_private if replace else write_new_private
    try:
        write(path, content)
    except OSError as error:
        return _store_elsewhere(content, path, f"{path}: {error.strerror}")
    return StoredFile(path)


def _store_elsewhere(content: bytes, path: Path, why: str) -> StoredFile:
    for directory in (path.parent, Path.home(), Path(tempfile.gettempdir())):
        for name in _other_names(path.name):
            try:
                write_new_private(directory / name, content)
            except FileExistsError:
                continue
            except OSError:
                break
            return StoredFile(directory / name, instead=why)
    raise NoWritableDirectory(why)


def _other_names(name: str) -> Iterator[str]:
    stem, dot, suffix = name.rpartition(".")
    for number in range(2, _MAX_NAMES):
        yield f"{stem}-{number}{dot}{suffix}" if stem else f"{name}-{number}"


def _quote(value: str) -> str:
    return shlex.quote(value.strip().replace("\n", "\\n"))
