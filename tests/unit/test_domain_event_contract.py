"""The facts we record and the wire contract are the same: names, types, and what may be missing."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from google.protobuf import descriptor_pb2, json_format
from google.protobuf.message import Message

from core.domain.streams import domain_event as domain_events
from core.domain.streams.domain_event import DomainEvent, DomainEventType, EventData, RecordedEvent
from crewkit.git.v1 import domain_events_pb2

# `DomainEvent` is a fact before it is recorded, with row ids that never leave the service.
MESSAGES: dict[type[Any], type[Message]] = {
    found: getattr(domain_events_pb2, name)
    for name, found in vars(domain_events).items()
    if is_dataclass(found) and isinstance(found, type) and found not in (RecordedEvent, DomainEvent)
}
AT = datetime(2026, 9, 21, 12, 0, 0, 123456, tzinfo=UTC)
PROTO_TYPES = {str: "TYPE_STRING", UUID: "TYPE_STRING", int: "TYPE_INT64", bool: "TYPE_BOOL", datetime: "TYPE_MESSAGE"}


def hints(of: type[Any]) -> dict[str, Any]:
    """Return the types of a dataclass's fields."""
    found = get_type_hints(of)
    return {field.name: found[field.name] for field in fields(of)}


def fields_of(message: type[Message]) -> dict[str, descriptor_pb2.FieldDescriptorProto]:
    """Return a message's fields as the contract writes them."""
    written = descriptor_pb2.DescriptorProto()
    message.DESCRIPTOR.CopyToProto(written)
    return {field.name: field for field in written.field}


def without_none(hint: Any) -> tuple[Any, bool]:
    """Return a type without None, and whether None was allowed."""
    if get_origin(hint) in (types.UnionType, Union):
        some = [one for one in get_args(hint) if one is not types.NoneType]
        assert len(some) == 1
        return some[0], True
    return hint, False


def plain(hint: Any) -> Any:
    """Return what a NewType is made of."""
    return plain(hint.__supertype__) if hasattr(hint, "__supertype__") else hint


def sample(hint: Any, *, full: bool) -> Any:
    """Return a value of a type: with everything there, or with everything missing that may be."""
    hint, optional = without_none(hint)
    hint = plain(hint)
    if optional and not full:
        return None
    if is_dataclass(hint) and isinstance(hint, type):
        return hint(**{name: sample(inner, full=full) for name, inner in hints(hint).items()})
    if get_origin(hint) is tuple:
        return tuple(sample(get_args(hint)[0], full=full) for _ in range(2 if full else 0))
    if get_origin(hint) is Mapping:
        return {"contents": "read", "größe": ""} if full else {}
    values: dict[Any, tuple[Any, Any]] = {
        str: ("größe 日本\n", ""),
        int: (2**62, 0),
        bool: (True, False),
        datetime: (AT, AT),
        UUID: (UUID(int=2**127), UUID(int=0)),
    }
    return values[hint][0 if full else 1]


@pytest.mark.parametrize("of", MESSAGES, ids=lambda of: of.__name__)
def test_event_has_exactly_the_fields_of_its_message(of: type[Any]) -> None:
    """Equal names, compatible types, and `optional` exactly where None is allowed."""
    written = fields_of(MESSAGES[of])
    assert list(hints(of)) == list(written)
    for name, hint in hints(of).items():
        inner, optional = without_none(hint)
        inner, field = plain(inner), written[name]
        assert field.proto3_optional == optional, name
        repeated = field.label == field.LABEL_REPEATED
        assert repeated == (get_origin(inner) in (tuple, Mapping)), name
        if get_origin(inner) is tuple:
            inner = plain(get_args(inner)[0])
        if get_origin(inner) is Mapping:
            assert get_args(inner) == (str, str)
            assert field.type_name.endswith("Entry")
        elif is_dataclass(inner) and isinstance(inner, type):
            assert field.type_name == f".{MESSAGES[inner].DESCRIPTOR.full_name}", name
        else:
            assert field.Type.Name(field.type) == PROTO_TYPES[inner], name
            assert (inner is datetime) == (field.type_name == ".google.protobuf.Timestamp"), name


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
@pytest.mark.parametrize("of", MESSAGES, ids=lambda of: of.__name__)
def test_event_as_json_parses_as_its_message(of: type[Any], *, full: bool) -> None:
    """With equal values."""
    value = sample(of, full=full)
    message = json_format.ParseDict(msgspec.json.decode(msgspec.json.encode(value)), MESSAGES[of]())
    assert_same(value, message)
    again = MESSAGES[of].FromString(message.SerializeToString())
    assert_same(value, again)


def assert_same(value: Any, message: Message) -> None:
    """Compare a fact with its message, field by field."""
    for name, hint in hints(type(value)).items():
        held = getattr(value, name)
        if without_none(hint)[1]:
            assert message.HasField(name) == (held is not None), name
        if held is not None:
            assert_agrees(held, getattr(message, name))


def assert_agrees(held: Any, sent: Any) -> None:
    """Compare one value with how it was sent."""
    match held:
        case datetime():
            assert sent.ToDatetime(tzinfo=UTC) == held
        case UUID():
            assert UUID(sent) == held
        case tuple():
            for one, other in zip(held, sent, strict=True):
                assert_agrees(one, other)
        case _ if is_dataclass(held):
            assert_same(held, sent)
        case _:
            assert sent == held


def test_every_message_is_recorded() -> None:
    """The contract has no unused message."""
    messages = set(domain_events_pb2.DESCRIPTOR.message_types_by_name)
    assert messages == {of.__name__ for of in MESSAGES} | {"DomainEvent"}


def test_envelope_equals_a_recorded_event() -> None:
    """With the fields of a recorded event, and one of all kinds of data."""
    written = fields_of(domain_events_pb2.DomainEvent)
    envelope = {name: field for name, field in written.items() if not field.HasField("oneof_index")}
    assert set(envelope) | {"data"} == set(hints(RecordedEvent))
    assert {envelope[name].type_name for name in ("occurred_at", "recorded_at")} == {".google.protobuf.Timestamp"}
    choices = {field.type_name.rpartition(".")[2] for field in written.values() if field.HasField("oneof_index")}
    assert choices == {of.__name__ for of in get_args(EventData)}


@pytest.mark.parametrize("choice", get_args(EventData), ids=lambda of: of.__name__)
def test_recorded_event_as_json_parses_as_the_envelope(choice: type[Any]) -> None:
    """With the data under its name."""
    data = sample(choice, full=True)
    recorded = RecordedEvent(
        id=2**62,
        type=DomainEventType.PUSH,
        version=1,
        organization_id=UUID(int=1),
        project_id=None,
        occurred_at=AT,
        recorded_at=AT,
        source_event_id=None,
        data=data,
    )
    plain_json = msgspec.json.decode(msgspec.json.encode(recorded))
    data_json = plain_json.pop("data")
    (field,) = [
        name
        for name, written in fields_of(domain_events_pb2.DomainEvent).items()
        if written.HasField("oneof_index") and written.type_name.endswith(f".{choice.__name__}")
    ]
    message = json_format.ParseDict({**plain_json, field: data_json}, domain_events_pb2.DomainEvent())
    assert (message.id, message.type, message.version) == (2**62, "git.push", 1)
    assert (message.project_id, message.source_event_id) == ("", "")
    assert message.WhichOneof("data") == field
    assert message.occurred_at.ToDatetime(tzinfo=UTC) == AT
    assert_same(data, getattr(message, field))


def test_types_have_a_namespace() -> None:
    """Consumers filter by prefix, and each word is unique."""
    words = [member.value for member in DomainEventType]
    assert all(word.startswith("git.") for word in words)
    assert len(set(words)) == len(words)
    assert issubclass(DomainEventType, Enum)
