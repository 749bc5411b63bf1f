import re
from secrets import token_hex

# A caller can send an id, to find a request in its logs and in the logs of this service. An id
# with other characters could forge a log line, and a long id could fill the log.
_VALID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")


def parse_request_id(value: bytes) -> str | None:
    """Return the id that a caller sent; None if it is not valid."""
    return value.decode() if _VALID.fullmatch(value) else None


def new_request_id() -> str:
    """Return a new id for a request without a valid id."""
    return token_hex(16)
