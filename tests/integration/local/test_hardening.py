"""What other programs on the machine can see of a process in production."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.servers.service import run_service

_PROGRAM = """
import ctypes, resource
from adapters.system import keep_memory_private
keep_memory_private()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_only_root_can_read_memory_and_environment() -> None:
    """Not dumpable: `/proc/PID/environ` and `mem` are closed to the same user, and there is no core."""
    ran = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["0", "0"]


def test_running_processes_are_hardened(database_url: str, redis_url: str) -> None:
    """The API as it is started: no core, no secret in its command line or in a child process."""
    with run_service(database_url, redis_url, "api") as service:
        process = psutil.Process(service.pid("api"))
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert "Max core file size        0                    0" in limits
        secrets = [text for name, text in service.environment.items() if "SECRET" in name or "KEYS" in name]
        assert secrets
        assert not any(secret in " ".join(process.cmdline()) for secret in secrets)
        assert process.children() == []
