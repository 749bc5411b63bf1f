"""Arrays for the hot path, packed to PostgreSQL's binary form in one pass.

psycopg's list dumper adapts each element, which is most of the cost of a group's insert in this process.
Format: `array_recv` in PostgreSQL's src/backend/utils/adt/arrayfuncs.c: dimensions,
has-nulls flag, element type, then per dimension its size and lower bound, then the elements as length and bytes
(-1 for null).
"""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from psycopg import AsyncConnection
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format

from adapters.postgres.rows.codec import encode, storable

_HEADER = struct.Struct("!iiIii").pack
_LENGTH = struct.Struct("!i").pack
_BIGINT = struct.Struct("!iq").pack
_SMALLINT = struct.Struct("!ih").pack
_BOOLEAN = struct.Struct("!i?").pack
_NULL = _LENGTH(-1)

# PostgreSQL counts microseconds from here: `timestamptz_recv` in src/backend/utils/adt/timestamp.c.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_JSONB_VERSION = b"\x01"  # `jsonb_recv` in src/backend/utils/adt/jsonb.c

_OID = {name: types[name].oid for name in ("text", "int8", "int2", "bool", "bytea", "timestamptz", "jsonb")}


class Packed:
    """One array parameter, already in binary form."""

    __slots__ = ("data",)

    def __init__(self, element: str, length: int, parts: Iterable[bytes]) -> None:
        header = _HEADER(1 if length else 0, 1, _OID[element], length, 1)
        self.data = header + b"".join(parts) if length else _HEADER(0, 0, _OID[element], 0, 0)[:12]


class Texts(Packed):
    """A `text[]`; characters that PostgreSQL cannot store are replaced; see `codec.storable`."""

    def __init__(self, values: Sequence[str | None]) -> None:
        # Most columns of a group repeat few values.
        written = {v: _NULL if v is None else _add_length(_encode_text(v)) for v in set(values)}
        super().__init__("text", len(values), [written[v] for v in values])


class Documents(Packed):
    """A `jsonb[]` of anything that has a JSON form; a repeated object is encoded once."""

    def __init__(self, values: Sequence[object]) -> None:
        written: dict[int, bytes] = {}
        for value in values:
            if id(value) not in written:
                written[id(value)] = _add_length(_JSONB_VERSION + encode(value))
        super().__init__("jsonb", len(values), [written[id(value)] for value in values])


class Bytes(Packed):
    """A `bytea[]`."""

    def __init__(self, values: Sequence[bytes | None]) -> None:
        super().__init__("bytea", len(values), [_NULL if v is None else _add_length(v) for v in values])


class Bigints(Packed):
    """An `int8[]`."""

    def __init__(self, values: Sequence[int | None]) -> None:
        super().__init__("int8", len(values), [_NULL if v is None else _BIGINT(8, v) for v in values])


class Smallints(Packed):
    """An `int2[]`."""

    def __init__(self, values: Sequence[int | None]) -> None:
        super().__init__("int2", len(values), [_NULL if v is None else _SMALLINT(2, v) for v in values])


class Booleans(Packed):
    """A `bool[]`."""

    def __init__(self, values: Sequence[bool]) -> None:
        super().__init__("bool", len(values), [_BOOLEAN(1, v) for v in values])


class Timestamps(Packed):
    """A `timestamptz[]` of aware times."""

    def __init__(self, values: Sequence[datetime | None]) -> None:
        super().__init__(
            "timestamptz",
            len(values),
            [_NULL if v is None else _BIGINT(8, (v - _EPOCH) // _MICROSECOND) for v in values],
        )


def _encode_text(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return storable(text).encode()
    return storable(text).encode() if b"\0" in encoded else encoded


def _add_length(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


_ELEMENTS: tuple[tuple[type[Packed], str], ...] = (
    (Texts, "text"),
    (Documents, "jsonb"),
    (Bytes, "bytea"),
    (Bigints, "int8"),
    (Smallints, "int2"),
    (Booleans, "bool"),
    (Timestamps, "timestamptz"),
)


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> bytes:
        return obj.data


def register_packed_arrays(connection: AsyncConnection[object]) -> None:
    """Let a connection accept packed arrays as parameters."""
    for cls, element in _ELEMENTS:
        dumper = type(f"{cls.__name__}Dumper", (_PackedDumper,), {"oid": types[element].array_oid})
        connection.adapters.register_dumper(cls, dumper)
