"""Lanes: all events of one integration share one of 32 lanes and are processed in order there."""

from zlib import crc32

from core.domain.deliveries.source_key import to_number

LANES = 32
# Knuth's multiplicative hash: GitHub's installation ids are nearly sequential, and these must spread.
_GOLDEN = 2_654_435_761


def choose_lane(source_key: str | None) -> int:
    """Return the lane of an integration's events. Events without a source key share lane 0.

    The lane is stored with each event, so a release never changes it: processes of two releases must agree,
    or two events of one integration are processed at the same time.
    """
    if source_key is None:
        return 0
    number = to_number(source_key)
    hashed = crc32(source_key.encode(errors="replace")) if number is None else number * _GOLDEN & 0xFFFFFFFF
    return hashed * LANES >> 32
