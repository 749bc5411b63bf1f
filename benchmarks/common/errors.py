"""Name what can go wrong with one contender without stopping the others."""


class Unavailable(Exception):
    """Raised with the reason if a contender cannot be built or started on this machine."""
