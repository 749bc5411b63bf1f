"""`crewkit-git keys`, as an operator runs it."""

import os
import subprocess

from core.domain.secret import Secret
from tests.support.servers.fork_server import run_module

Key = tuple[str, Secret]


def keys(database_url: str, command: str, *ring: Key) -> subprocess.CompletedProcess[str]:
    """Run it with this ring, newest first."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("CREWKIT_GIT_")}
    environment |= {
        "CREWKIT_GIT_HOME": "/nonexistent",
        "CREWKIT_GIT_DATABASE_URL": database_url,
        "CREWKIT_GIT_ENCRYPTION_KEYS": format_keys(*ring),
    }
    return run_module("entrypoints.cli.main", "keys", *command.split(), environment=environment)


def format_keys(*ring: Key) -> str:
    """Write a ring as the setting has it."""
    return ",".join(f"{name}:{key.reveal()}" for name, key in ring)
