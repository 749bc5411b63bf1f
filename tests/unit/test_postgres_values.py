"""How values are made fit for the database, without one."""

import struct
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.postgres.connection.packed_arrays import Bigints, Booleans, Documents, Smallints, Texts, Timestamps
from adapters.postgres.queries.trigrams import _hashes, grams
from adapters.postgres.rows.codec import compress, decompress, encode, storable
from core.domain.events.event import PayloadDamaged
from core.domain.identifiers import IntegrationId

_any_text = some.text(some.characters())
_json = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | _any_text,
    lambda inner: some.lists(inner) | some.dictionaries(_any_text, inner),
)
_INTEGRATION = IntegrationId(7)


@given(_any_text)
def test_storable_text_has_no_invalid_characters(text: str) -> None:
    """No U+0000 and no lone surrogate; valid text is unchanged."""
    stored = storable(text)
    assert "\0" not in stored
    assert storable(stored) == stored
    assert stored.encode().decode() == stored
    assert (stored == text) is ("\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text))


@given(_json)
def test_json_can_be_stored(value: object) -> None:
    """It has no escaped U+0000, and plain values are unchanged."""
    encoded = encode(value)
    assert "\\u0000" not in encoded.decode().replace("\\\\", "")
    if _is_plain(value):
        assert msgspec.json.decode(encoded) == value


@given(some.binary(max_size=4096))
def test_reads_a_stored_payload(payload: bytes) -> None:
    """If its length is the stored one."""
    stored = compress(payload)
    assert decompress(stored, length=len(payload)) == payload
    with pytest.raises(PayloadDamaged):
        decompress(stored, length=len(payload) + 1)


@given(some.binary(max_size=64))
def test_rejects_damaged_payloads(junk: bytes) -> None:
    """Any bytes that are not a payload."""
    with pytest.raises(PayloadDamaged):
        decompress(junk, length=10_000_000)


def test_does_not_unpack_a_bomb() -> None:
    """A small value that claims to be large is rejected before memory is allocated."""
    with pytest.raises(PayloadDamaged):
        decompress(compress(b"\0" * 100_000_000), length=1000)


def test_empty_arrays_have_no_dimension() -> None:
    """PostgreSQL's format for all kinds of arrays."""
    for array in (Texts([]), Documents([]), Bigints([]), Smallints([]), Booleans([]), Timestamps([])):
        assert len(array.data) == 12
        assert struct.unpack("!i", array.data[:4]) == (0,)


def test_sends_times_in_microseconds() -> None:
    """Before and after the year 2000, PostgreSQL's epoch."""
    times = [datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2000, 1, 1, 0, 0, 0, 1, UTC)]
    assert [struct.unpack("!q", Timestamps([at]).data[-8:])[0] for at in times] == [-1, 1]


def test_encodes_shared_documents_once() -> None:
    """The same object in several rows has the same bytes."""
    shared = {"a": 1}
    assert Documents([shared, shared]).data.count(b'{"a":1}') == 2


@given(some.text("abcXYZ019-_./", min_size=3, max_size=40), some.data())
def test_indexes_all_trigrams_of_a_name(name: str, data: some.DataObject) -> None:
    """Of a name without its owner, in any case."""
    name = name.rpartition("/")[2]
    at = data.draw(some.integers(0, max(len(name) - 3, 0)))
    piece = name[at : at + 3].lower()
    assert len(piece) < 3 or {*_hashes(_INTEGRATION, {piece})} <= {*grams(_INTEGRATION, name)}


def test_short_terms_match_starts_of_words() -> None:
    """Of one or two characters."""
    found = grams(_INTEGRATION, "acme/rocket-Launchpad_v2")
    for prefix in ("^r", "^ro", "^l", "^la", "^v", "^v2"):
        assert {*_hashes(_INTEGRATION, {prefix})} <= {*found}
    assert not {*_hashes(_INTEGRATION, {"^au"})} & {*found}


def test_tenants_have_separate_index_terms() -> None:
    assert not set(grams(_INTEGRATION, "acme/widgets")) & set(grams(IntegrationId(8), "acme/widgets"))
    assert all(-(2**31) <= gram < 2**31 for gram in grams(_INTEGRATION, "acme/widgets"))


def _is_plain(value: object) -> bool:
    try:
        return b"\\u0000" not in msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
