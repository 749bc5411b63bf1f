"""Memory of another process, as the operating system counts it.

`ru_maxrss` is not used: it survives an exec, so that a child of a large process seems large from the start.
https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
"""

from pathlib import Path


def resident_mib(pid: int) -> float:
    """Return the resident memory now."""
    return _read(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """Return the highest resident memory since the process started.

    Only root may reset this value, because the service's processes are not dumpable.
    """
    return _read(pid, "VmHWM")


def _read(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / 1024
    raise ValueError(f"/proc/{pid}/status has no {name}")
