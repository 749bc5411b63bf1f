"""How much memory another process holds, as the operating system accounts it.

Not `ru_maxrss`: it outlives an exec, so that a child of a large process seems as large from the start.
https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
"""

from pathlib import Path


def resident_mib(pid: int) -> float:
    """Return what it holds now."""
    return _read(pid, "VmRSS")


def peak_mib(pid: int) -> float:
    """Return the most it has held, since `forget_peak` if that was called."""
    return _read(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Let the peak be what is held now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _read(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) / 1024
    raise ValueError(f"process {pid} tells of no {name}")
