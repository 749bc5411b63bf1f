"""Files that only their owner can read: written completely or not at all."""

import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


_MOST_NAMES = 100


class NowhereToKeep(Exception):
    """No directory is writable."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where something was written, and why not where it should have been."""

    path: Path
    instead: str | None = None


def environment_text(variables: Mapping[str, str], *, about: str) -> str:
    r"""Write variables as shells, systemd and `docker --env-file` read them.

    Newlines are written `\n`, and only the key needs quotes: `docker` takes them for a part of the value,
    which the reader of keys does not mind.
    """
    lines = [f"{name}={_quote(value)}" for name, value in variables.items()]
    return "\n".join([*(f"# {line}" for line in about.splitlines()), *lines, ""])


def keep(content: bytes, path: Path, *, replace: bool) -> Kept:
    """Write a file readable by its owner alone, whole or not at all, and nowhere over another.

    What cannot be written there is written elsewhere rather than lost. Raises `NowhereToKeep`.
    """
    write = write_private if replace else write_new_private
    try:
        write(path, content)
    except OSError as error:
        return _keep_elsewhere(content, path, f"{path}: {error.strerror}")
    return Kept(path)


def _keep_elsewhere(content: bytes, path: Path, why: str) -> Kept:
    for directory in (path.parent, Path.home(), Path(tempfile.gettempdir())):
        for name in _other_names(path.name):
            try:
                write_new_private(directory / name, content)
            except FileExistsError:
                continue
            except OSError:
                break
            return Kept(directory / name, instead=why)
    raise NowhereToKeep(why)


def _other_names(name: str) -> Iterator[str]:
    stem, dot, suffix = name.rpartition(".")
    for number in range(2, _MOST_NAMES):
        yield f"{stem}-{number}{dot}{suffix}" if stem else f"{name}-{number}"


def _quote(value: str) -> str:
    return shlex.quote(value.strip().replace("\n", "\\n"))
