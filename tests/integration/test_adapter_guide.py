"""docs/adapters.md, followed literally: its commands run in an empty directory, in their order."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.conditions import wait_until
from tests.support.servers.up import ANY

_ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PATH_OF_CHECKOUT = "/path/to/crewkit-git"


def _commands() -> list[str]:
    return _BLOCK.findall((_ROOT / "docs" / "adapters.md").read_text())


def _environment() -> dict[str, str]:
    """Return the environment of a reader's shell, in which `up` may use any free port."""
    prefixes = ("CREWKIT", "PYTEST", "PYTHON", "VIRTUAL_ENV")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(prefixes)}
    return inherited | {f"CREWKIT_GIT_{name}": ANY for name in ("HTTP_ADDR", "GRPC_ADDR", "SANDBOX_ADDR")}


@pytest.mark.timeout(400)
def test_guide_works_as_written(tmp_path: Path) -> None:
    """Up to the last command, which starts the service with the adapter until it is interrupted."""
    *_, last = commands = _commands()
    assert last.rstrip().endswith("\npython -m local")
    # `exec`, so that the interrupt goes to the service and not to the shell.
    script = "\n".join(["set -e", *commands]).rstrip().removesuffix("python -m local") + "exec python -m local\n"
    assert script.count(_PATH_OF_CHECKOUT) == 1
    output = tmp_path.with_suffix(".out")
    with output.open("w") as written:
        process = subprocess.Popen(
            ["bash", "-c", script.replace(_PATH_OF_CHECKOUT, str(_ROOT))],
            cwd=tmp_path,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: "] ready" in output.read_text() or process.poll() is not None, seconds=300)
        assert process.poll() is None, output.read_text()
        # The scheduler compares GitHub's log when it starts, and the adapter lets only one process do so.
        wait_until(lambda: list((tmp_path / "locks").glob("*.lock")), seconds=60)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert process.returncode == 0, output.read_text()
    assert re.search(r"= [1-9]\d* passed in ", output.read_text()), output.read_text()
