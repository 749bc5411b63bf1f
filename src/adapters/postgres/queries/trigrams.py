"""The hashes in the catalog's search index, computed for rows and for queries.

`core.domain.catalog.search` defines what a search finds; a test compares both.
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
# Prefixes of hashes that are not of trigrams: of the beginning of a part of a name, and of a descriptive word.
_PART, _WORD = "^", "^^"


def search_name(text: str) -> str:
    """Return a name, or a text to search for, as both are stored and compared."""
    return searchable(storable(text))


@lru_cache(maxsize=2048)
def render_grams(integration_id: IntegrationId, full_name: str, about_words: str) -> str:
    """Return `grams` as a row stores them.

    Cached because every push writes its repository's row. The text has a quarter of the size of the numbers.
    """
    return array(grams(integration_id, full_name, about_words))


def grams(integration_id: IntegrationId, full_name: str, about_words: str = "") -> tuple[int, ...]:
    """Return the hashes under which a repository is found.

    These are all trigrams of its name without the owner, the short prefixes of the name's parts, and the beginning
    of each descriptive word. Each is hashed together with the integration, so that a search for a common trigram
    does not read the rows of other tenants. Hashes can collide: a search also compares the texts.
    """
    name = search_name(full_name).rpartition("/")[2]
    tokens = _trigrams(name)
    for part in filter(None, _PARTS.split(name)):
        tokens.update(_PART + part[:length] for length in _PREFIXES if len(part) >= length)
    tokens.update(_WORD + word[:FOUND_ANYWHERE] for word in about_words.split())
    return _hashes(integration_id, tokens)


def hash_name(integration_id: IntegrationId, text: str) -> tuple[int, ...]:
    """Return hashes that every name containing this text has; `text` is a result of `search_name`.

    Empty if the index cannot answer: fewer than three characters that begin with a separator.
    """
    if len(text) >= FOUND_ANYWHERE:
        return _hashes(integration_id, _trigrams(text))
    prefix = _PARTS.split(text)[0]
    return _hashes(integration_id, {_PART + prefix} if prefix else set())


def hash_words(integration_id: IntegrationId, text: str) -> tuple[int, ...]:
    """Return hashes that every repository with these descriptive words has; empty if the text has no word."""
    if not (found := words(text).split()):
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


def at_part(text: str) -> str:
    """Return a PostgreSQL regular expression for this text at the beginning of a part of a `search_name`."""
    literal = "".join(f"\\{char}" if char.isascii() and not char.isalnum() else char for char in text)
    return f"(?:^|{_SEPARATOR}){literal}"


def _trigrams(name: str) -> set[str]:
    return {name[at : at + FOUND_ANYWHERE] for at in range(len(name) - FOUND_ANYWHERE + 1)}


def _hashes(integration_id: IntegrationId, tokens: set[str]) -> tuple[int, ...]:
    """Return hashes that fit PostgreSQL's signed integer."""
    tenant = crc32(f"{integration_id}:".encode())
    return tuple(sorted(crc32(gram.encode(), tenant) - 2**31 for gram in tokens))
