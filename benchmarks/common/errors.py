"""Errors of one contender that do not stop the others."""


class Unavailable(Exception):
    """Raised with the reason if a contender cannot be built or started on this machine."""
