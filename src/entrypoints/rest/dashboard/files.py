"""What the dashboard was built to (`dashboard/`): a page and what it loads, all in memory."""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

BUILT = Path(__file__).parent / "files"
"""Where `dashboard/vite.config.ts` builds to; the wheel carries it."""

_SMALLEST_COMPRESSED = 1024
_PAGE = "index.html"


@dataclass(frozen=True)
class File:
    """A file of the dashboard. `is_immutable` files have a hash of their content in their name."""

    content: bytes
    media_type: str
    tag: str
    is_immutable: bool

    @cached_property
    def compressed(self) -> bytes | None:
        """The content in gzip; None if that is not smaller. Compressed once, at the best level."""
        if len(self.content) < _SMALLEST_COMPRESSED:
            return None
        compressed = gzip.compress(self.content, mtime=0)
        return compressed if len(compressed) < len(self.content) else None


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
    return File(
        content,
        mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        f'W/"{blake2b(content, digest_size=16).hexdigest()}"',
        is_immutable=path.parent.name == "assets",
    )
