from typing import NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

# Parameters of a URL that locate a server, as libpq and redis-py read them.
_LOCATION = frozenset({"host", "hostaddr", "port", "dbname", "service", "db"})


class Secret:
    """A value that cannot be printed, formatted, pickled or compared by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Secret cannot be pickled")


def redact_url(url: str) -> str:
    """Return a server's URL without user, password and unknown parameters."""
    parts = urlsplit(url)
    query = urlencode([(name, text) for name, text in parse_qsl(parts.query) if name in _LOCATION], safe="/")
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}{'?' if query else ''}{query}"
