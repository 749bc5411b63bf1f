"""Source keys and lanes: which integration a delivery is from, and in which order it is processed.

A source key is text that the provider chooses: the installation id at GitHub, the id of a group or of a hook at
another provider. It equals the `provider_id` of the integration, and is unique at one provider only. All events of
one integration share one of 32 lanes and are processed in order there.
"""

from zlib import crc32

MAX_NUMBER = 2**63 - 1
_MAX_DIGITS = len(str(MAX_NUMBER))
_MAX_LENGTH = 255


def is_source_key(text: str) -> bool:
    """Return whether a text from an unverified request can be the key of an integration."""
    return 0 < len(text) <= _MAX_LENGTH and text.isprintable()


def to_number(source_key: str) -> int | None:
    """Return the key as a positive 64-bit number, or None if it is not the usual form of such a number."""
    if len(source_key) > _MAX_DIGITS or not (source_key.isascii() and source_key.isdigit()):
        return None
    number = int(source_key)
    return number if source_key[0] != "0" and number <= MAX_NUMBER else None


LANES = 32
# Knuth's multiplicative hash: GitHub's installation ids are nearly sequential, and these must spread.
_GOLDEN = 2_654_435_761


def choose_lane(source_key: str | None) -> int:
    """Return the lane of an integration's events. Events without a source key share lane 0.

    The lane is stored with each event, and no release may change this function: if processes of two releases
    disagreed, two events of one integration would be processed at the same time.
    """
    if source_key is None:
        return 0
    number = to_number(source_key)
    hashed = crc32(source_key.encode(errors="replace")) if number is None else number * _GOLDEN & 0xFFFFFFFF
    return hashed * LANES >> 32
