"""Conversion of texts, JSON and payloads for the database."""

import threading
from typing import Any

import msgspec
import psycopg
import zstandard
from psycopg.abc import Buffer
from psycopg.types.json import set_json_loads
from psycopg.types.string import StrDumper

from core.domain.events.event import PayloadDamaged

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# An escaped U+0000, or a backslash before these letters; both are rare enough for the slow way.
_MAYBE_NUL = b"\\u0000"


def storable(text: str) -> str:
    """Return the text with U+0000 and lone surrogates, which PostgreSQL cannot store, replaced by U+FFFD.

    Both arrive in commit messages and branch names; rejecting them would lose the delivery.
    """
    paired = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return paired.replace("\0", _REPLACEMENT)


def encode(value: object) -> bytes:
    """Return the value as JSON that fits jsonb."""
    try:
        encoded = msgspec.json.encode(value)
    except UnicodeEncodeError:
        encoded = _MAYBE_NUL
    if _MAYBE_NUL in encoded:
        encoded = msgspec.json.encode(_storable_throughout(msgspec.to_builtins(value)))
    return encoded


class _StorableText(StrDumper):
    """Applies `storable` to texts that are sent as single parameters; packed arrays do it themselves."""

    def dump(self, obj: str) -> Buffer | None:
        try:
            return super().dump(obj)
        except (psycopg.DataError, UnicodeEncodeError):
            return super().dump(storable(obj))


def register(connection: psycopg.AsyncConnection[Any]) -> None:
    """Configure texts, and a JSON decoder that costs a tenth of the standard library's."""
    connection.adapters.register_dumper(str, _StorableText)
    set_json_loads(msgspec.json.decode, connection)


def _storable_throughout(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(str(key)): _storable_throughout(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable_throughout(item) for item in value]
        case _:
            return value


# zstd's level 1 with a hash table of 16 KB instead of 128 KB: payloads become no larger, but the table stays
# in the processor's first cache. Clearing the large one for each delivery costs as much as compressing it and
# pushes out what everything after it works on.
_FAST = zstandard.ZstdCompressionParameters(
    window_log=17,
    hash_log=12,
    chain_log=6,
    search_log=1,
    min_match=5,
    target_length=0,
    strategy=zstandard.STRATEGY_FAST,
)


class _Contexts(threading.local):
    """zstd contexts are expensive to create, and each belongs to one thread."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(compression_params=_FAST)
        self.decompressor = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def compress(payload: bytes) -> bytes:
    """Return the payload as it is stored."""
    return _contexts.compressor.compress(payload)


def decompress(stored: bytes, *, length: int) -> bytes:
    """Return the payload of this length; it never returns more. Raises `PayloadDamaged`."""
    try:
        # The size in the frame determines how much memory is allocated, so it is checked first.
        if zstandard.frame_content_size(stored) != length:
            raise PayloadDamaged("The stored payload is damaged: its length is wrong. Check the database for damage.")
        return _contexts.decompressor.decompress(stored)
    except zstandard.ZstdError as error:
        raise PayloadDamaged(
            "The stored payload is damaged and cannot be read. Check the database for damage."
        ) from error
