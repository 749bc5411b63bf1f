"""Read how much CPU processes have used, as the operating system accounts it.

The clock is noisy on a shared machine; CPU time charged to a process tree is not nearly as much. Kernel work
done on behalf of a process (socket copies, WAL writes) is in its figure.
"""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_QUIET_INTERVAL_SECONDS = 0.1
_QUIET_TICKS = 1

# Positions in /proc/<pid>/stat after the command name: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_PARENT = 1
_UTIME_TO_CSTIME = slice(11, 15)
# And in the first line of /proc/stat: https://man7.org/linux/man-pages/man5/proc_stat.5.html
_IDLE, _IOWAIT = 3, 4


def cpu_ticks(root: int) -> int:
    """Return the CPU a process and its descendants have used, in clock ticks of the operating system.

    A child that was reaped is inside its parent's figure, so the sum never goes down.
    """
    stats = _all_stats()
    if root not in stats:
        raise ProcessLookupError(f"process {root} is gone")
    children: dict[int, list[int]] = {}
    for pid, fields in stats.items():
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    total, pending = 0, [root]
    while pending:
        pid = pending.pop()
        total += sum(int(ticks) for ticks in stats[pid][_UTIME_TO_CSTIME])
        pending.extend(children.get(pid, ()))
    return total


def machine_ticks() -> int:
    """Return the CPU used by all programs on this machine and, on a virtual machine, stolen by its host."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    ticks = [int(field) for field in fields[1:9]]
    return sum(ticks) - ticks[_IDLE] - ticks[_IOWAIT]


def microseconds(ticks: int) -> float:
    """Convert clock ticks to microseconds."""
    return ticks * 1_000_000 / _TICKS_PER_SECOND


def wait_until_quiet(roots: Iterable[int], timeout_seconds: float = 60.0) -> None:
    """Wait until the process trees together have stopped working, so that no window pays for another."""
    roots = tuple(roots)
    deadline = time.monotonic() + timeout_seconds
    before = sum(map(cpu_ticks, roots))
    while time.monotonic() < deadline:
        time.sleep(_QUIET_INTERVAL_SECONDS)
        now = sum(map(cpu_ticks, roots))
        if now - before <= _QUIET_TICKS:
            return
        before = now
    raise TimeoutError(f"processes {roots} were still working {timeout_seconds:.0f} s after the load had stopped")


def _all_stats() -> dict[int, list[str]]:
    stats = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):  # it ended between the listing and the read
            continue
        # The command name may hold spaces and parentheses; what follows the last one is regular.
        stats[int(entry.name)] = text.rpartition(")")[2].split()
    return stats
