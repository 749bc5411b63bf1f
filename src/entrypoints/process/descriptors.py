"""The open files that this process may have: each connection is one."""

import resource

# The rest of the process needs descriptors, too: its database connections, files and listeners.
_RESERVED_DESCRIPTORS = 256


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
