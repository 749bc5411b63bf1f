"""The changed files of a push payload, which lists them by commit.

https://docs.github.com/webhooks/webhook-events-and-payloads#push
"""

import msgspec

from adapters.github.protocol import payload_shapes as shapes
from adapters.github.protocol.large_payloads import HEAD_CHARACTERS
from adapters.github.skipped_fields import SkippedFields
from adapters.github.tolerant_decoder import ABSENT, TolerantDecoder, Unreadable
from core.domain.changed_files import ChangedFiles

# GitHub lists at most this many, so a list of this length can lack some.
LISTED_COMMITS = 2_048
LISTED_FILES = 3_000
# Bounds memory. A payload with more paths is still processed, with incomplete changed files.
MAX_PATHS = 100_000
# Longer texts of large payloads are shortened before decoding, and then differ from the file's path.
MAX_PATH = HEAD_CHARACTERS

_FIELDS = ("added", "removed", "modified")
# Where a skipped part can have named files.
_PARTS = frozenset(
    {
        *("commits", "commits[]", "commits[].id"),
        *(f"commits[].{field}{rows}" for field in _FIELDS for rows in ("", "[]")),
    }
)
_EMPTY = msgspec.Raw(b"[]")

_decode_paths = TolerantDecoder(list[str]).decode


def read_changed_files(push: shapes.Push, skipped: SkippedFields) -> ChangedFiles:
    """Return the paths of all commits, and record skipped fields.

    They are incomplete if the payload lists no commit or possibly not all commits or files, and after a forced push,
    because the payload does not list the commits that it removed.
    """
    complete = not push.forced and 0 < len(push.commits) < LISTED_COMMITS
    known: set[str] = set()
    for commit in push.commits:
        listed = 0
        for field, rows in zip(_FIELDS, (commit.added, commit.removed, commit.modified), strict=True):
            if rows == _EMPTY:
                continue
            paths = _read_paths(rows, field, MAX_PATHS - len(known), skipped)
            listed += len(paths)
            known.update(paths)
            complete = complete and bool(paths) and max(map(len, paths)) <= MAX_PATH
        complete = complete and listed < LISTED_FILES
    if not complete:
        known = {path for path in known if len(path) <= MAX_PATH}
    return ChangedFiles.of(known, complete=complete and skipped.counts.keys().isdisjoint(_PARTS))


def _read_paths(rows: msgspec.Raw, field: str, max_paths: int, skipped: SkippedFields) -> list[str]:
    """Return the paths of a list that is not empty; an empty list if the paths are unknown or too many."""
    text = bytes(rows)
    if rows is ABSENT or text.count(b",") >= max_paths:
        return []
    try:
        return _decode_paths(text, skipped, path=f"commits[].{field}")
    except Unreadable as error:
        skipped.add(error.path, str(error))
        return []
