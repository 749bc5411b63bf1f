"""What the operating system lets others see of this process."""

import ctypes
import resource
import sys

# https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """Let nobody but root read this process's memory or environment, and write no core when it dies.

    Keys are in both: in `/proc/PID/environ`, `/proc/PID/mem` and core dumps. Other programs of the same user
    cannot attach a debugger or a profiler any more; root can.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
