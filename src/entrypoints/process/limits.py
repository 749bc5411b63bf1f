"""Limits of this process: its open files, and how often Python looks for reference cycles."""

import gc
import resource

# The rest of the process needs descriptors, too: its database connections, files and listeners.
_RESERVED_DESCRIPTORS = 256
# New objects between two collections. Imports create 110,000 objects that stay. With Python's 700,
# collections take a twelfth of the start-up and find nothing.
_GC_THRESHOLD_AT_START = 200_000
# Requests and drains create thousands of objects without reference cycles. With 700, collections take a fifth
# of a drain.
_GC_THRESHOLD = 20_000


def raise_descriptor_limit() -> None:
    """Raise the limit of open files to the hard limit; many systems start processes with 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        return  # macOS reports a hard limit that it does not permit


def descriptor_limit() -> int:
    """Return how many files this process may have open."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2**31 if limit == resource.RLIM_INFINITY else limit


def affordable_connections(max_connections: int) -> int:
    """Return for how many connections, up to this many, the process has descriptors."""
    limit = descriptor_limit()
    return min(max_connections, max(limit // 2, limit - _RESERVED_DESCRIPTORS))


def collect_rarely() -> None:
    """Collect almost never, because the process is starting or runs one short command."""
    gc.set_threshold(_GC_THRESHOLD_AT_START)


def freeze_existing_objects() -> None:
    """Exclude all existing objects from collections. Call this once, when the process is ready.

    Garbage of the start is not collected first: that takes 70 ms and finds 1,500 objects.
    """
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
