"""The operating system: its clock, and protection of this process's memory."""

import ctypes
import resource
import sys
from datetime import UTC, datetime

from ports.system import Clock

# https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
_PR_SET_DUMPABLE = 4


class SystemClock(Clock):
    """The operating system's clock."""

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        return datetime.now(UTC)


def keep_memory_private() -> None:
    """Forbid other programs of the same user to read this process's memory or environment, and core dumps.

    Both contain keys: `/proc/PID/environ`, `/proc/PID/mem` and core dumps. Debuggers and profilers of the same
    user cannot attach any more; root can.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
