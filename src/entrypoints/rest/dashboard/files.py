"""What the dashboard was built to (`dashboard/`): a page and what it loads, all in memory."""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

BUILT = Path(__file__).parent / "files"
"""Where `dashboard/vite.config.ts` builds to; the wheel carries it."""

_SMALLEST_COMPRESSED = 1024
_PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent; `compressed` where that is worth it."""

    content: bytes
    compressed: bytes | None
    media_type: str
    tag: str
    is_immutable: bool
    """Its name has a hash of its content, so it may be kept for ever."""


@dataclass(frozen=True, slots=True)
class Built:
    """The page, with a mark where each answer's nonce goes, and the other files by their path."""

    page: str
    files: Mapping[str, File]


def read_built(folder: Path = BUILT) -> Built | None:
    """Return what is in a folder; None where nothing was built."""
    if not (folder / _PAGE).is_file():
        return None
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != _PAGE]
    found = {path.relative_to(folder).as_posix(): _read(path) for path in paths}
    return Built((folder / _PAGE).read_text(), found)


def _read(path: Path) -> File:
    content = path.read_bytes()
    # Once, at the best level, rather than with every answer.
    smaller = gzip.compress(content, mtime=0) if len(content) >= _SMALLEST_COMPRESSED else content
    return File(
        content,
        smaller if len(smaller) < len(content) else None,
        mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        f'W/"{blake2b(content, digest_size=16).hexdigest()}"',
        is_immutable=path.parent.name == "assets",
    )
