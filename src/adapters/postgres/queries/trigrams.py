"""What the catalog's search index holds, computed alike for rows and for queries.

What is found is written in `core.domain.catalog.search`; a test holds the two together.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from adapters.postgres.rows.codec import storable
from core.domain.catalog.search import FOUND_ANYWHERE, SEPARATORS, searchable, words
from core.domain.identifiers import IntegrationId

_PREFIXES = range(1, FOUND_ANYWHERE)
_SEPARATOR = f"[{re.escape(SEPARATORS)}]"
_PARTS = re.compile(_SEPARATOR)
# Marks of hashes that are not of trigrams: of the beginning of a part of a name, and of a word about it.
_PART, _WORD = "^", "^^"


def search_name(text: str) -> str:
    """Return a name, or a text to search for, as both are stored and compared."""
    return searchable(storable(text))


@lru_cache(maxsize=2048)
def stored_grams(integration_id: IntegrationId, full_name: str, about_words: str) -> str:
    """Return `grams` as a row stores them.

    Remembered because every push writes its repository's row; as text, a quarter of the numbers' size.
    """
    return array(grams(integration_id, full_name, about_words))


def grams(integration_id: IntegrationId, full_name: str, about_words: str = "") -> tuple[int, ...]:
    """Return the hashes under which a repository is found.

    Of its name without the owner: all trigrams, and the short prefixes of its parts. Of the words about it:
    how each begins. Each is hashed together with the integration, so that a common trigram of one tenant's
    names is not sought through everyone's. Hashes may collide: a search compares the texts as well.
    """
    name = search_name(full_name).rpartition("/")[2]
    found = _trigrams(name)
    for part in filter(None, _PARTS.split(name)):
        found.update(_PART + part[:length] for length in _PREFIXES if len(part) >= length)
    found.update(_WORD + word[:FOUND_ANYWHERE] for word in about_words.split())
    return _hashes(integration_id, found)


def name_grams(integration_id: IntegrationId, sought: str) -> tuple[int, ...]:
    """Return hashes that every name has in which this is found; `sought` is as `search_name` returns it.

    Empty if the index cannot answer: fewer than three characters that begin with a separator.
    """
    if len(sought) >= FOUND_ANYWHERE:
        return _hashes(integration_id, _trigrams(sought))
    prefix = _PARTS.split(sought)[0]
    return _hashes(integration_id, {_PART + prefix} if prefix else set())


def word_grams(integration_id: IntegrationId, sought: str) -> tuple[int, ...]:
    """Return hashes that every repository has that this text is about; empty if the text has no word."""
    if not (found := words(sought).split()):
        return ()
    *whole, last = found
    # The last of several words may be incomplete; a short one does not determine a stored prefix.
    if len(last) >= FOUND_ANYWHERE or not whole:
        whole.append(last)
    return _hashes(integration_id, {_WORD + word[:FOUND_ANYWHERE] for word in whole})


def array(numbers: Iterable[int]) -> str:
    """Return the numbers as PostgreSQL writes an array."""
    return f"{{{','.join(map(str, numbers))}}}"


def text_array(texts: Iterable[str]) -> str:
    """Return the texts as PostgreSQL writes an array."""
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


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
