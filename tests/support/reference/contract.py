"""The tables of the wire contract: gRPC methods and domain events, with the comments of the .proto files."""

import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

from core.domain.streams.domain_event import DATA_OF, VERSION
from tests.support.reference.tables import code, table

PROTO = Path(__file__).parents[3] / "proto"
EVENTS = "crewkit/git/v1/domain_events.proto"
# Field numbers of descriptor.proto, of which the paths of comments are made:
# https://github.com/protocolbuffers/protobuf/blob/main/src/google/protobuf/descriptor.proto
_MESSAGES, _SERVICES, _FIELDS, _METHODS = 4, 6, 2, 2


def grpc_methods() -> str:
    """Return a heading and a table for each service."""
    chapters = []
    for file in _files():
        for number, service in enumerate(file.service):
            rows = (
                (
                    code(method.name),
                    "stream" if method.server_streaming else "",
                    _without_name(_comment(file, _SERVICES, number, _METHODS, place), method.name),
                )
                for place, method in enumerate(service.method)
            )
            text = _comment(file, _SERVICES, number)
            head = table(("Method", "Response", "Description"), rows)
            chapters.append(f"## {service.name}\n\n{text}\n\n{head}")
    return "\n\n".join(chapters)


def domain_event_types() -> str:
    """Return the table of event types, each with the message of its data."""
    rows = (
        (code(kind.value), str(VERSION), f"[{data.__name__}](#{data.__name__.lower()})")
        for kind, data in DATA_OF.items()
    )
    return table(("Type", "Version", "Data"), rows)


def domain_event_messages() -> str:
    """Return a heading and a table of fields for each message."""
    file = next(file for file in _files() if file.name == EVENTS)
    chapters = []
    for number, message in enumerate(file.message_type):
        rows = (
            (
                code(field.name),
                _type(message, field),
                _comment(file, _MESSAGES, number, _FIELDS, place).removeprefix("Output only. "),
            )
            for place, field in enumerate(message.field)
        )
        fields = table(("Field", "Type", "Description"), rows)
        chapters.append(f"## {message.name}\n\n{_comment(file, _MESSAGES, number)}\n\n{fields}")
    return "\n\n".join(chapters)


@cache
def _files() -> tuple[FileDescriptorProto, ...]:
    """Return the files of the contract with their comments."""
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("crewkit/**/*.proto"))
    with TemporaryDirectory() as directory:
        output = Path(directory) / "contract.binpb"
        tool = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={PROTO}"]
        subprocess.run([*tool, "--include_source_info", f"--descriptor_set_out={output}", *sources], check=True)
        return tuple(FileDescriptorSet.FromString(output.read_bytes()).file)


def _comment(file: FileDescriptorProto, *path: int) -> str:
    """Return the comment of a part of the file in one line."""
    for location in file.source_code_info.location:
        if tuple(location.path) == path:
            return " ".join(location.leading_comments.split())
    raise ValueError(f"{path} in {file.name} has no comment")


def _without_name(comment: str, name: str) -> str:
    text = comment.removeprefix(f"{name} ")
    return text[:1].upper() + text[1:]


def _type(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    entry = next((nested for nested in message.nested_type if field.type_name.endswith(f".{nested.name}")), None)
    if entry is not None and entry.options.map_entry:
        key, value = entry.field
        return f"map of {_scalar(key)} to {_scalar(value)}"
    repeated = "list of " if field.label == FieldDescriptorProto.LABEL_REPEATED else ""
    optional = ", optional" if field.proto3_optional else ""
    return f"{repeated}{_scalar(field)}{optional}"


def _scalar(field: FieldDescriptorProto) -> str:
    name = field.type_name.rpartition(".")[2]
    if field.type_name.startswith(".crewkit."):
        return f"[{name}](#{name.lower()})"
    return name or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
