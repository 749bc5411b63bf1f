"""Decode JSON, and skip optional fields and rows of lists that have the wrong type.

The strict decoder is tried first and costs nothing extra. If it rejects the text, the text is decoded part by
part: an optional field of the wrong type gets its default, such a row of a list is skipped, and only a required
field makes the whole unreadable. Parts are views of the text and rows are decoded one at a time, so that decoding
needs little memory in addition to the text.
"""

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Generic, Self, TypeVar, Union, cast, get_args, get_origin

import msgspec

from adapters.github.skipped_fields import SkippedFields

T = TypeVar("T")
Text = bytes | memoryview | msgspec.Raw

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
"""A number that GitHub gives to one of its objects. Text or a float of the same value is accepted."""

ABSENT = msgspec.Raw(b"")
"""The value of a part that the text does not have."""

# A list with so many invalid rows is not from GitHub, so decoding stops.
_MAX_SKIPPED_ROWS = 10_000

_DECIMAL = re.compile(rb'"([1-9][0-9]{0,18})"|([1-9][0-9]{0,14})\.0+')
# The quantifiers are possessive: a long text must not cost memory for backtracking.
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Between rows, and inside a row, where commas do not matter.
_BETWEEN, _INSIDE = (re.compile(_STRING + rb"|[\[\]{},]", re.DOTALL), re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL))
_OPEN, _CLOSE, _COMMA = b"[{", b"]}", b","[0]
_KINDS = {b"n": "null", b'"': "a string", b"t": "true", b"f": "false", b"[": "an array", b"{": "an object"}
_EXPECTED: dict[object, str] = {str: "a string", bool: "a boolean", int: "an integer"}


class Unreadable(Exception):
    """A required part is missing or has another type. `path` names it, as in `commits[].id`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.path = path

    @classmethod
    def at(cls, path: str, actual: str, expected: str) -> Self:
        """Return the error of a part, with the actual and the expected value in words."""
        return cls(path, f"{f'`{path}`' if path else 'the payload'} is {actual}; expected {expected}")


class TolerantDecoder(Generic[T]):
    """Decodes one shape: a `msgspec.Struct`, or a list of one."""

    def __init__(self, shape: type[T]) -> None:
        self._part: _Part = _make_part(cast("Hashable", shape))

    def decode(self, text: bytes, skipped: SkippedFields, *, path: str = "") -> T:
        """Return the decoded object and record its skipped fields. `path` names the text in the whole payload.

        Raises `Unreadable`, or msgspec's `DecodeError`, `UnicodeDecodeError` or `RecursionError` for what
        is not JSON.
        """
        try:
            value = self._part.decode(text)
        except msgspec.ValidationError:
            value = self._part.repair(text, path, skipped)
        return cast("T", value)


@dataclass(slots=True)
class _Part:
    """How to read a value of one type: strictly, and if that fails, its usable parts."""

    decode: Callable[[Any], Any]
    expected: str
    repair_inner: Callable[[Text, str, SkippedFields], object] | None = None

    def read(self, text: Text, path: str, skipped: SkippedFields) -> object:
        """Return the value; raises `Unreadable`."""
        try:
            value: object = self.decode(text)
        except msgspec.ValidationError:
            value = self.repair(text, path, skipped)
        return value

    def repair(self, text: Text, path: str, skipped: SkippedFields) -> object:
        """Return the usable part of a refused value; raises `Unreadable`."""
        if self.repair_inner is not None:
            return self.repair_inner(text, path, skipped)
        raise Unreadable.at(path, _describe(text), self.expected)


@cache
def _make_part(shape: Hashable) -> _Part:
    decode = msgspec.json.Decoder(shape).decode
    inner = _strip_none(shape)
    if inner == Id:
        return _Part(decode, "an integer greater than 0", _repair_id)
    if get_origin(inner) is list:
        return _Part(decode, "an array", _make_row_repair(_make_part(get_args(inner)[0])))
    if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
        return _Part(decode, "an object", _make_field_repair(inner))
    expected = "an object" if get_origin(inner) is dict else _EXPECTED.get(inner, "a time or another simple value")
    return _Part(decode, expected)


def _strip_none(shape: Hashable) -> Hashable:
    if get_origin(shape) in (Union, UnionType):
        kinds = [kind for kind in get_args(shape) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else shape
    return shape


def _repair_id(text: Text, path: str, _skipped: SkippedFields) -> int:
    match = _DECIMAL.fullmatch(bytes(memoryview(text)[:24]).strip())
    if match is None or (value := int(match[1] or match[2])) >= 2**63:
        raise Unreadable.at(path, _describe(text), "an integer greater than 0")
    return value


def _make_row_repair(row: _Part) -> Callable[[Text, str, SkippedFields], list[object]]:
    def repair(text: Text, path: str, skipped: SkippedFields) -> list[object]:
        if _describe(text) != "an array":
            raise Unreadable.at(path, _describe(text), "an array")
        values, skipped_rows = [], 0
        for row_text in split_rows(memoryview(text)):
            try:
                values.append(row.read(row_text, f"{path}[]", skipped))
            except Unreadable as error:
                skipped.add(error.path, str(error))
                skipped_rows += 1
                if skipped_rows >= _MAX_SKIPPED_ROWS:
                    break
        return values

    return repair


def _make_field_repair(shape: type[msgspec.Struct]) -> Callable[[Text, str, SkippedFields], msgspec.Struct]:
    fields = msgspec.structs.fields(shape)
    # The shape's fields as views of the text; all other fields are skipped and not decoded.
    views = msgspec.defstruct(
        f"{shape.__name__}Parts",
        [(field.name, msgspec.Raw, ABSENT) for field in fields],
        rename={field.name: field.encode_name for field in fields},
    )
    split = msgspec.json.Decoder(views).decode
    parts = [(field.name, field.encode_name, field.required, _make_part(field.type)) for field in fields]

    def repair(text: Text, path: str, skipped: SkippedFields) -> msgspec.Struct:
        try:
            raw_fields = split(text)
        except msgspec.ValidationError:
            raise Unreadable.at(path, _describe(text), "an object") from None
        values: dict[str, object] = {}
        for name, encoded_name, is_required, part in parts:
            value, inner = getattr(raw_fields, name), f"{path}.{encoded_name}" if path else encoded_name
            if value is ABSENT:
                if is_required:
                    raise Unreadable.at(inner, "missing", part.expected)
                continue
            try:
                values[name] = part.read(value, inner, skipped)
            except Unreadable as error:
                if is_required:
                    raise
                skipped.add(error.path, str(error))
        return shape(**values)

    return repair


def split_rows(text: memoryview) -> Iterator[memoryview]:
    """Return the values of a JSON array one after the other, as views; the text is one whole array."""
    depth = start = position = 0
    while token := (_INSIDE if depth > 1 else _BETWEEN).search(text, position):
        at, position = token.span()
        mark = text[at]
        if mark in _OPEN:
            depth += 1
            if depth == 1:
                start = position
        elif mark in _CLOSE:
            depth -= 1
            if depth == 0 and bytes(text[start:at][:64]).strip():
                yield text[start:at]
        elif mark == _COMMA and depth == 1:
            yield text[start:at]
            start = position


def _describe(text: Text) -> str:
    first = bytes(memoryview(text)[:64]).lstrip()[:1]
    return _KINDS.get(first, "a number")
