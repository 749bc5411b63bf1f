"""What the catalog's search index holds of a name, computed alike for rows and for queries."""

from functools import lru_cache
from zlib import crc32

from adapters.postgres.codec import storable
from core.domain.identifiers import IntegrationId

_GRAM = 3
_PREFIXES = (1, 2)


@lru_cache(maxsize=8192)
def grams(integration_id: IntegrationId, full_name: str) -> tuple[int, ...]:
    """Return the hashes of a repository's trigrams, and of the short prefixes of its name's parts.

    Each is hashed together with the integration, so that a common trigram of one tenant's names is not
    sought through everyone's. Hashes may collide: whoever searches compares the name as well.
    """
    name = storable(full_name).lower()
    found = {name[at : at + _GRAM] for at in range(len(name) - _GRAM + 1)}
    for part in _parts(name):
        found.update("^" + part[:length] for length in _PREFIXES if len(part) >= length)
    return tuple(sorted(_hash(integration_id, gram) for gram in found))


def _parts(name: str) -> list[str]:
    """Split a name where people hear a new word begin."""
    for separator in "/-_. ":
        name = name.replace(separator, "\0")
    return [part for part in name.split("\0") if part]


def _hash(integration_id: IntegrationId, gram: str) -> int:
    """Return a hash that fits PostgreSQL's signed integer."""
    return crc32(f"{integration_id}:{gram}".encode()) - 2**31
