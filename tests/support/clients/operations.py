"""Calls of operations, built from their descriptions, so that new operations are called, too."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from msgspec.structs import fields

from entrypoints.rest.http.operations import EVENT_STREAM, Access, Operation, Tag
from entrypoints.rest.openapi.document import describe
from entrypoints.rest.openapi.schemas import example_of, properties, reference
from tests.support.scenarios.rest import COOKIE, list_production_operations

OPERATIONS = {one.name: one for one in list_production_operations()}
_SCHEMAS = describe(list(OPERATIONS.values()), cookie=COOKIE)["components"]["schemas"]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")

_IDENTIFIED = {Access.CALLER, Access.USER}
BY_CALLER = [name for name, one in OPERATIONS.items() if one.access in _IDENTIFIED]
IN_ORGANIZATION = [name for name in BY_CALLER if "{org_id" in OPERATIONS[name].path]
# A query whose parameters are too long for a URL.
_READING = {"resolve_affected_projects"}
CHANGING = [name for name in IN_ORGANIZATION if OPERATIONS[name].method != "GET" and name not in _READING]
# A provider may add to what it sends a browser back with, and signs what it delivers.
STRICT = [name for name, one in OPERATIONS.items() if one.access in _IDENTIFIED or one.tag is Tag.SERVICE]
FINITE = [name for name, one in OPERATIONS.items() if not one.streams]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that an operation would take, with these ids where its path or query has such names."""

    operation: Operation
    ids: Mapping[str, str]

    @property
    def names(self) -> list[str]:
        """Give the names of the ids it has."""
        named = [name for name in _PLACEHOLDER.findall(self.operation.template) if name != "provider"]
        return [*named, *(["organization_id"] if "organization_id" in self._query() else [])]

    @property
    def path(self) -> str:
        """Give its path."""
        names = set(_PLACEHOLDER.findall(self.operation.template)) - {"provider"}
        assert names <= self.ids.keys(), "say in tests/support/scenarios/whole_api.py what these names stand for"
        return self.operation.template.format(provider="github", **self.ids)

    def with_id(self, name: str, value: str) -> "Call":
        """Give the same with another id."""
        return Call(self.operation, {**self.ids, name: value})

    def send(
        self, client: httpx.Client, *, headers: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send it, with these headers and query parameters besides."""
        body = self._body()
        request = client.build_request(
            self.operation.method,
            self.path,
            params={**self._query(), **(query or {})} or None,
            headers=dict(headers or {}),
            json=body,
        )
        answer = client.send(request, stream=True)
        if answer.headers.get("content-type", "").startswith(EVENT_STREAM):
            answer.close()
        else:
            answer.read()
        return answer

    def _query(self) -> dict[str, str]:
        schemas = properties(self.operation.query)
        required = {field.name for field in fields(self.operation.query) if field.required}
        given = {name: str(example_of(schemas[name], _SCHEMAS, name)) for name in sorted(required)}
        if "organization_id" in given:
            given["organization_id"] = self.ids.get("organization_id", self.ids.get("org_id", ""))
        return given

    def _body(self) -> Any:
        if self.operation.body is None:
            return None
        body = example_of(reference(self.operation.body), _SCHEMAS)
        return {name: self.ids.get(name, value) for name, value in body.items()}
