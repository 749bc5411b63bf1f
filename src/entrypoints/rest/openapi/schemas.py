"""Bodies as JSON Schema (2020-12, which OpenAPI 3.1 uses), and examples made from the schemas."""

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
    "core.domain.attribution.attribution.Role": "core.domain.attribution.Role",
    "core.domain.streams.domain_event.Person": "core.domain.domain_events.Person",
    "entrypoints.rest.resources.actors.Person": "entrypoints.rest.versions.Person",
    "FailedInstallation": "NotProven",
    "InstallMode": "Mode",
    "InstallStep": "Going",
    "ProvenInstallation": "Proven",
    "RequestedAccount": "Requested",
}
# Names of released schemas that are now the same schema.
_ALIASES = {"Redirection": "Redirect"}


def component_schemas(operations: Sequence[Operation]) -> dict[str, Schema]:
    """Return the schema of each named type, by name."""
    bodies = [operation.body for operation in operations if operation.body is not None]
    successes = [success for operation in operations for success in operation.responses]
    events = [event for success in successes for event in success.events.values()]
    models = [success.model for success in successes] + [
        model for event in events for model in (event.model, event.data)
    ]
    schemas = _components([Problem, *(model for model in models if model is not None)])
    for schema in schemas.values():
        # A request may omit a field with a default; a response contains all fields.
        if "properties" in schema and schema["title"] != Problem.__name__:
            schema["required"] = list(schema["properties"])
    schemas |= _components(bodies)
    # A query is described parameter by parameter, but the types of its parameters are components.
    queries = {operation.query for operation in operations}
    query_names = {query.__name__ for query in queries}
    schemas |= {name: schema for name, schema in _components(list(queries)).items() if name not in query_names}
    for schema in schemas.values():
        _tidy(schema)
    released = {_RELEASED_NAMES.get(name, name): schema for name, schema in schemas.items()}
    aliases = {alias: reference_to(name) for alias, name in _ALIASES.items() if name in released}
    return dict(sorted((released | aliases).items()))


def reference(model: Any) -> Schema:  # noqa: ANN401 - every type that msgspec can describe
    """Return the schema of a type, which refers to components by name."""
    (schema,), _ = msgspec.json.schema_components([model], ref_template=_REFERENCE)
    _tidy(schema)
    return schema


def reference_to(name: str) -> Schema:
    """Return a reference to the component with this name."""
    return {"$ref": _REFERENCE.format(name=name)}


def properties(model: type[msgspec.Struct]) -> Mapping[str, Schema]:
    """Return the schema of each field of a flat type."""
    schema = _components([model])[model.__name__]
    _tidy(schema)
    fields: Mapping[str, Schema] = schema.get("properties", {})
    return fields


def _components(models: list[Any]) -> dict[str, Schema]:
    _, schemas = msgspec.json.schema_components(dict.fromkeys(models), ref_template=_REFERENCE)
    return schemas


def _tidy(schema: Any) -> None:  # noqa: ANN401 - any JSON
    """Remove titles that repeat a component's name, empty defaults, and the indentation of docstrings."""
    if isinstance(schema, list):
        for item in schema:
            _tidy(item)
    if isinstance(schema, dict):
        if "properties" in schema or "enum" in schema:
            schema.pop("title", None)
        if "default" in schema and schema["default"] in (None, "", []):
            del schema["default"]
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema["$ref"] = _REFERENCE.format(name=_RELEASED_NAMES.get(name, name))
        if isinstance(schema.get("description"), str):
            # Markdown displays indented lines after an empty line as code.
            schema["description"] = inspect.cleandoc(schema["description"])
        for value in schema.values():
            _tidy(value)


_BY_FORMAT = {
    "date-time": "2026-03-14T09:26:53Z",
    "uuid": "4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c11",
    "uri": "https://example.com/acme/web",
}
# Typical values of fields, by name.
_BY_NAME: Mapping[str, Any] = {
    "account": "acme",
    "account_type": "Organization",
    "branch": "main",
    "default_branch": "main",
    "delivery_id": "0b989ba4-242f-11e5-81e1-c7b6966d2516",
    "description": "The web shop",
    "email": "mara@acme.example",
    "full_name": "acme/web",
    "installation_id": "52417",
    "language": "Go",
    "name": "web",
    "next_cursor": "WyJhY21lL3dlYiJd",
    "owner": "acme",
    "permissions": {"contents": "read", "metadata": "read"},
    "provider": "github",
    "repo_id": "815341",
    "repository_selection": "selected",
    "sha": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
    "username": "mara",
    "visibility": "private",
}


def example_of(schema: Schema, components: Mapping[str, Schema], name: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Return a value that the schema allows."""
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rsplit("/", 1)[1]], components, name)
    if "examples" in schema:
        return schema["examples"][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        option = next(option for option in schema["anyOf"] if option.get("type") != "null")
        return example_of(option, components, name)
    return _example_of_type(schema, components, name)


def _example_of_type(schema: Schema, components: Mapping[str, Schema], name: str) -> Any:  # noqa: ANN401 - any JSON
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {key: example_of(field, components, key) for key, field in schema["properties"].items()}
        case "object":
            return _BY_NAME.get(name, {})
        case "array":
            return [example_of(schema["items"], components, name)]
        case "string":
            text = "https://github.com/acme/web" if name.endswith("url") else _BY_NAME.get(name, "text")
            return _BY_FORMAT.get(schema.get("format", ""), text)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return None
