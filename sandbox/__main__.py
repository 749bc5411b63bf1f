"""`python -m sandbox` runs the sandbox GitHub on this machine."""

import os
import sys

from entrypoints.cli.libraries import import_libraries


def main() -> None:
    """Serve the sandbox until SIGTERM or Ctrl-C. Exit with 1 and print the reason if it cannot start."""
    import_libraries()
    # Imported after `import_libraries`, which reports missing libraries.
    from entrypoints.process.listeners import CannotStart  # noqa: PLC0415
    from entrypoints.settings.settings import Settings, SettingsRefused  # noqa: PLC0415
    from sandbox.server import SandboxNotAllowed, run_sandbox  # noqa: PLC0415

    try:
        run_sandbox(Settings.from_environment(os.environ, process="sandbox"))
    except (CannotStart, SandboxNotAllowed, SettingsRefused) as refusal:
        sys.exit(f"Error: {refusal}")


if __name__ == "__main__":
    main()
