"""What the catalog's search index holds of a name, computed alike for rows and for queries.

What is to be found is written in `core.domain.catalog_search`; a test holds the two together.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from adapters.postgres.codec import storable
from core.domain.catalog_search import FOUND_ANYWHERE, SEPARATORS, searchable
from core.domain.identifiers import IntegrationId

_PREFIXES = range(1, FOUND_ANYWHERE)
_SEPARATOR = f"[{re.escape(SEPARATORS)}]"
_PARTS = re.compile(_SEPARATOR)


def search_name(text: str) -> str:
    """Return a name, or what is sought in one, as both are stored and compared."""
    return searchable(storable(text))


@lru_cache(maxsize=2048)
def stored_grams(integration_id: IntegrationId, full_name: str) -> str:
    """Return `grams` as a row stores them.

    Remembered because every push writes its repository's row; as text, a quarter of the numbers' size.
    """
    return array(grams(integration_id, full_name))


def grams(integration_id: IntegrationId, full_name: str) -> tuple[int, ...]:
    """Return the hashes of a repository's trigrams, and of the short prefixes of its name's parts.

    Each is hashed together with the integration, so that a common trigram of one tenant's names is not
    sought through everyone's. Hashes may collide: whoever searches compares the name as well.
    """
    name = search_name(full_name)
    found = _trigrams(name)
    for part in filter(None, _PARTS.split(name)):
        found.update("^" + part[:length] for length in _PREFIXES if len(part) >= length)
    return _hashes(integration_id, found)


def sought_grams(integration_id: IntegrationId, sought: str) -> tuple[int, ...]:
    """Return hashes that every name has in which this is found; `sought` is as `search_name` returns it.

    None where the index cannot tell, which `is_indexed` knows beforehand.
    """
    if len(sought) >= FOUND_ANYWHERE:
        return _hashes(integration_id, _trigrams(sought))
    prefix = _PARTS.split(sought)[0]
    return _hashes(integration_id, {"^" + prefix} if prefix else set())


def is_indexed(sought: str) -> bool:
    """Tell whether there are hashes to find this by: any three characters, or how a part of a name begins."""
    return len(sought) >= FOUND_ANYWHERE or bool(_PARTS.split(sought)[0])


def array(numbers: Iterable[int]) -> str:
    """Return the numbers as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, numbers))}}}"


def at_part(sought: str) -> str:
    """Return the regular expression of PostgreSQL's for this where a part of a `search_name` begins."""
    literal = "".join(f"\\{char}" if char.isascii() and not char.isalnum() else char for char in sought)
    return f"(?:^|{_SEPARATOR}){literal}"


def _trigrams(name: str) -> set[str]:
    return {name[at : at + FOUND_ANYWHERE] for at in range(len(name) - FOUND_ANYWHERE + 1)}


def _hashes(integration_id: IntegrationId, found: set[str]) -> tuple[int, ...]:
    """Return hashes that fit PostgreSQL's signed integer."""
    tenant = crc32(f"{integration_id}:".encode())
    return tuple(sorted(crc32(gram.encode(), tenant) - 2**31 for gram in found))
