"""How values are made fit for the database, without one."""

import struct
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.postgres.connection.packed_arrays import Bigints, Booleans, Documents, Smallints, Texts, Timestamps
from adapters.postgres.queries.trigrams import _hashes, grams
from adapters.postgres.rows.codec import encode, storable
from adapters.postgres.rows.compression import compress, decompress
from core.domain.events.event import PayloadDamaged
from core.domain.identifiers import IntegrationId

_any_text = some.text(some.characters())
_json = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | _any_text,
    lambda inner: some.lists(inner) | some.dictionaries(_any_text, inner),
)
_OURS = IntegrationId(7)


@given(_any_text)
def test_storable_text_fits(text: str) -> None:
    """What is stored has no U+0000 and no lone surrogate, is stored again as it is, and good text stays."""
    stored = storable(text)
    assert "\0" not in stored
    assert storable(stored) == stored
    assert stored.encode().decode() == stored
    assert (stored == text) is ("\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text))


@given(_json)
def test_json_fits(value: object) -> None:
    """Whatever is encoded is JSON without an escaped U+0000, and plain values come back."""
    encoded = encode(value)
    assert "\\u0000" not in encoded.decode().replace("\\\\", "")
    if _is_plain(value):
        assert msgspec.json.decode(encoded) == value


@given(some.binary(max_size=4096))
def test_payload_comes_back(payload: bytes) -> None:
    """A payload is read back as it was, if its length is what was noted."""
    stored = compress(payload)
    assert decompress(stored, length=len(payload)) == payload
    with pytest.raises(PayloadDamaged):
        decompress(stored, length=len(payload) + 1)


@given(some.binary(max_size=64))
def test_damage_is_noticed(junk: bytes) -> None:
    """Bytes that are no payload are refused, whatever they are."""
    with pytest.raises(PayloadDamaged):
        decompress(junk, length=10_000_000)


def test_bomb_is_not_unpacked() -> None:
    """A small stored value that claims to be a large payload is refused before memory is taken."""
    with pytest.raises(PayloadDamaged):
        decompress(compress(b"\0" * 100_000_000), length=1000)


def test_empty_arrays_have_no_dimension() -> None:
    """Every kind of array may be empty; PostgreSQL writes that as no dimension."""
    for array in (Texts([]), Documents([]), Bigints([]), Smallints([]), Booleans([]), Timestamps([])):
        assert len(array.data) == 12
        assert struct.unpack("!i", array.data[:4]) == (0,)


def test_times_are_counted_in_microseconds() -> None:
    """A time is sent to the microsecond, before and after PostgreSQL's year zero."""
    times = [datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2000, 1, 1, 0, 0, 0, 1, UTC)]
    assert [struct.unpack("!q", Timestamps([at]).data[-8:])[0] for at in times] == [-1, 1]


def test_shared_documents_are_written_once() -> None:
    """The same object in several rows gives the same bytes in each."""
    shared = {"a": 1}
    assert Documents([shared, shared]).data.count(b'{"a":1}') == 2


@given(some.text("abcXYZ019-_./", min_size=3, max_size=40), some.data())
def test_every_piece_of_a_name_is_found(name: str, data: some.DataObject) -> None:
    """Each three letters of a name without its owner are in its index, in any case."""
    name = name.rpartition("/")[2]
    at = data.draw(some.integers(0, max(len(name) - 3, 0)))
    piece = name[at : at + 3].lower()
    assert len(piece) < 3 or {*_hashes(_OURS, {piece})} <= {*grams(_OURS, name)}


def test_short_questions_find_beginnings_of_words() -> None:
    """One or two letters are sought at the beginning of a name's parts."""
    found = grams(_OURS, "acme/rocket-Launchpad_v2")
    for prefix in ("^r", "^ro", "^l", "^la", "^v", "^v2"):
        assert {*_hashes(_OURS, {prefix})} <= {*found}
    assert not {*_hashes(_OURS, {"^au"})} & {*found}


def test_tenants_share_no_part_of_the_index() -> None:
    """The same name of another integration is indexed elsewhere."""
    assert not set(grams(_OURS, "acme/widgets")) & set(grams(IntegrationId(8), "acme/widgets"))
    assert all(-(2**31) <= gram < 2**31 for gram in grams(_OURS, "acme/widgets"))


def _is_plain(value: object) -> bool:
    try:
        return b"\\u0000" not in msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
