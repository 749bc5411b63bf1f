"""Payload files, read as provider events."""

from pathlib import Path

from core.domain.provider_events import ProviderEvent
from tests.support.builders.webhooks import ROOT, protocol


def read_file(path: Path) -> ProviderEvent:
    """Read one payload file as its folder's event."""
    return protocol().decode(path.parent.name, path.read_bytes())


def demo(name: str) -> ProviderEvent:
    """Read one payload of people's activity."""
    return read_file(ROOT / "deploy" / "demo" / "payloads" / f"{name}.json")


def own(name: str) -> ProviderEvent:
    """Read one of the project's payloads that changes an installation or repository."""
    return read_file(ROOT / "tests" / "data" / "webhooks" / "own" / f"{name}.json")


def octokit(name: str) -> ProviderEvent:
    """Read one published example."""
    return read_file(ROOT / "tests" / "data" / "webhooks" / "octokit" / f"{name}.json")
