"""How one method of the gRPC API is asked, rightly and wrongly, here and over REST."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message


@dataclass(frozen=True)
class Wrong:
    """A way to ask wrongly: what to change, at either edge, and the field that is named over gRPC."""

    changes: Mapping[str, Any]
    field: str | None
    query: Mapping[str, str] | None = None
    """None if REST has no such parameter, since an invalid path is not found."""
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Method:
    """One method: how to ask for it here and over REST, and who may."""

    stub: type[Any]
    name: str
    request: type[Message]
    fields: Mapping[str, Any]
    verb: str | None
    """None where REST has no such thing."""
    path: str
    scope: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    wrong: Wrong = Wrong({"organization_id": "x"}, "organization_id")
    asks_provider: bool = False
    streams: bool = False
    of_user: bool = False
    """Whether it is about the accounts of the caller instead of an organization."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """A parameter, besides the organization, whose object may not exist: its name, and another value."""

    def __str__(self) -> str:
        return self.name

    @property
    def service(self) -> str:
        """The name of its service."""
        return self.stub.__name__.removesuffix("Stub")

    def message(self, names: Mapping[str, str], **changes: object) -> Message:
        """Return the request."""
        return self.request(**{**_fill(self.fields, names), **changes})

    def call(self, channel: grpc.aio.Channel) -> Any:
        """Return what sends it."""
        return getattr(self.stub(channel), self.name)

    def rest(self, names: Mapping[str, str], wrong: Wrong | None = None) -> dict[str, Any]:
        """Return the same request over REST, for an HTTP client."""
        root = "/api/v1" if self.of_user else "/api/v1/{organization}"
        path = f"{root}{self.path}".format_map(names)
        request: dict[str, Any] = {"method": self.verb, "url": path}
        if self.body is not None:
            request["json"] = {**_fill(self.body, names), **((wrong and wrong.body) or {})}
        query = {**_fill(self.query, names), **((wrong and wrong.query) or {})}
        if query:
            request["params"] = query
        return request


def _fill(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: _replace_names(value, names) for name, value in fields.items()}


def _replace_names(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replace_names(one, names) for one in value]
    return value.format_map(names) if isinstance(value, str) else value
