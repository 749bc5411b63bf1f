"""Name what can go wrong with one contender without stopping the others."""


class Unavailable(Exception):  # noqa: N818 (reads as the state it reports)
    """Say why a contender could not be built or started here."""
