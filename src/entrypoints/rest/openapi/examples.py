"""Examples for people, made from the schemas, so that none is ever out of date."""

from collections.abc import Mapping
from typing import Any

from entrypoints.rest.openapi.schemas import Schema

REQUEST_ID = "7c9e6679f6b14c0ea1a3c0ffee5f0c11"

_BY_FORMAT = {
    "date-time": "2026-03-14T09:26:53Z",
    "uuid": "4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c11",
    "uri": "https://example.com/acme/web",
}
# What a field of this name usually holds, wherever it stands.
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
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if key in schema:
            return schema[key][0]
    if "anyOf" in schema:
        chosen = next(one for one in schema["anyOf"] if one.get("type") != "null")
        return example_of(chosen, components, name)
    return _of_type(schema, components, name)


def _of_type(schema: Schema, components: Mapping[str, Schema], name: str) -> Any:  # noqa: ANN401 - any JSON
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {key: example_of(one, components, key) for key, one in schema["properties"].items()}
        case "object":
            return _BY_NAME.get(name, {})
        case "array":
            return [example_of(schema["items"], components, name)]
        case "string":
            known = "https://github.com/acme/web" if name.endswith("url") else _BY_NAME.get(name, "text")
            return _BY_FORMAT.get(schema.get("format", ""), known)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return None
