"""Publish how to drive the running demo, for as long as it runs."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from entrypoints.local.up.private_file import write_private


def demo_file(home: Path) -> Path:
    """Give the path where the facts are published."""
    return home / "demo.json"


@contextmanager
def published(path: Path, facts: Mapping[str, object]) -> Iterator[None]:
    """Keep the facts, secrets among them, in the file for the length of the block."""
    write_private(path, json.dumps(facts, indent=2, default=str).encode() + b"\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
