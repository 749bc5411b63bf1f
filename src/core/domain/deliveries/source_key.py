"""Source keys: which integration at a provider a delivery comes from.

A source key is text that the provider chooses: the installation id at GitHub, the id of a group or of a hook
at another provider. It equals the `provider_id` of the integration, and is unique at one provider only.
"""

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
