"""Name what can go wrong with one contender without stopping the others."""


class Unavailable(Exception):
    """Say why a contender could not be built or started here."""
