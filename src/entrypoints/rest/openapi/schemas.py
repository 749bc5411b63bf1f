"""The forms of bodies and answers as JSON Schema (2020-12, which OpenAPI 3.1 is built on)."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from entrypoints.rest.http.operations import Operation
from entrypoints.rest.http.problems import Problem

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
# msgspec names two classes of one name after their modules. Modules move, released names stay.
_RELEASED_NAMES = {
    "InstallMode": "Mode",
    "core.domain.attribution.attribution.Role": "core.domain.attribution.Role",
    "core.domain.streams.domain_event.Person": "core.domain.domain_events.Person",
    "entrypoints.rest.resources.versions.Person": "entrypoints.rest.versions.Person",
}


def components(operations: Sequence[Operation]) -> dict[str, Schema]:
    """Return the schema of each form that is named, by name."""
    taken: list[Any] = []
    answered: list[Any] = [Problem]
    for one in operations:
        taken += [one.body] if one.body is not None else []
        answered += [answer.form for answer in one.answers if answer.form is not None]
        for streamed in (event for answer in one.answers for event in answer.events.values()):
            answered += [form for form in (streamed.form, streamed.data) if form is not None]
    found = _components(answered)
    for schema in found.values():
        # A caller may leave out what has a default; we never do.
        if "properties" in schema and schema["title"] != Problem.__name__:
            schema["required"] = list(schema["properties"])
    found |= _components(taken)
    # A query is described parameter by parameter; what its parameters refer to is a component all the same.
    asked = [one.query for one in operations]
    found |= {
        name: schema
        for name, schema in _components(list(asked)).items()
        if name not in {form.__name__ for form in asked}
    }
    for schema in found.values():
        _tidy(schema)
    return dict(sorted((_RELEASED_NAMES.get(name, name), schema) for name, schema in found.items()))


def reference(form: Any) -> Schema:  # noqa: ANN401 - whatever msgspec can describe
    """Return the schema of a form, which refers to components by name."""
    (schema,), _ = msgspec.json.schema_components([form], ref_template=_REFERENCE)
    _tidy(schema)
    return schema


def properties(form: type[msgspec.Struct]) -> Mapping[str, Schema]:
    """Return the schema of each field of a flat form."""
    schema = _components([form])[form.__name__]
    _tidy(schema)
    fields: Mapping[str, Schema] = schema.get("properties", {})
    return fields


def _components(forms: list[Any]) -> dict[str, Schema]:
    _, found = msgspec.json.schema_components(dict.fromkeys(forms), ref_template=_REFERENCE)
    return found


def _tidy(schema: Any) -> None:  # noqa: ANN401 - any JSON
    """Remove titles that repeat a component's name, empty defaults, and the indentation of docstrings."""
    if isinstance(schema, list):
        for one in schema:
            _tidy(one)
    if isinstance(schema, dict):
        if "properties" in schema or "enum" in schema:
            schema.pop("title", None)
        if "default" in schema and schema["default"] in (None, "", []):
            del schema["default"]
        if "$ref" in schema:
            *path, name = schema["$ref"].split("/")
            schema["$ref"] = "/".join([*path, _RELEASED_NAMES.get(name, name)])
        if isinstance(schema.get("description"), str):
            # Markdown displays indented lines after an empty line as code.
            schema["description"] = inspect.cleandoc(schema["description"])
        for one in schema.values():
            _tidy(one)
