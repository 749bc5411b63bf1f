"""`python -m sandbox` runs the sandbox GitHub on this machine."""

import os
import sys

from entrypoints.local.embedded.errors import CannotStart
from entrypoints.settings.settings import Settings, SettingsRefused
from sandbox.server import SandboxRefused, run_sandbox


def main() -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C. Print why and exit with 1 if it cannot start."""
    try:
        run_sandbox(Settings.from_environment(os.environ, process="sandbox"))
    except (CannotStart, SandboxRefused, SettingsRefused) as refusal:
        sys.exit(f"Error: {refusal}")


if __name__ == "__main__":
    main()
