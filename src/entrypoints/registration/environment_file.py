"""Keeping what GitHub shows once: a file of environment variables that only its owner reads."""

import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from entrypoints.process.private_files import write_new_private, write_private

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
    lines = [f"{name}={_written(value)}" for name, value in variables.items()]
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


def _written(value: str) -> str:
    return shlex.quote(value.strip().replace("\n", "\\n"))
