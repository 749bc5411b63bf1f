"""Mailboxes: all events of one installation share one of 32 lanes and are processed in order there."""

LANES = 32
# Knuth's multiplicative hash: installation ids are nearly sequential, and consecutive ids should spread.
_GOLDEN = 2_654_435_761


def lane_of(installation_id: int | None) -> int:
    """Return the lane of an installation's events; those of no installation share lane 0."""
    if installation_id is None:
        return 0
    return (installation_id * _GOLDEN & 0xFFFFFFFF) * LANES >> 32


def lane_of_installation(provider_id: str) -> int:
    """Return the lane of an integration's events; an id that is no number has none of its own."""
    return lane_of(int(provider_id) if provider_id.isascii() and provider_id.isdigit() else None)
