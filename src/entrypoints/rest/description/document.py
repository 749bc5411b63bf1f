"""The description of the API (https://spec.openapis.org/oas/v3.1.1.html), made from its operations."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from msgspec.structs import fields

from entrypoints.rest.authentication import ACTING_USER
from entrypoints.rest.description.answers import COMMON, answers_of, name_of, problem_examples, refusal
from entrypoints.rest.description.examples import example_of
from entrypoints.rest.description.schemas import Schema, components, properties, reference
from entrypoints.rest.operations import JSON, Access, Operation, Tag
from entrypoints.rest.paths import PARAMETERS

_ABOUT = (
    "Connect an organization's account at a git provider, browse its repositories, link them to projects, "
    "and see what became of every delivery. Times are RFC 3339 in UTC. Lists are `{data, next_cursor}`. "
    "Errors are `application/problem+json` (RFC 9457) with a stable `code`. Every answer has an "
    "`X-Request-Id`."
)
_TAGS = {
    Tag.INTEGRATIONS: "How an organization stands with each provider.",
    Tag.REPOSITORIES: "The catalog of what an integration may see.",
    Tag.PROJECTS: "crewkit's projects and the repositories they are linked to.",
    Tag.EVENTS: "What the provider delivered, what became of it, and what consumers are told.",
    Tag.ATTRIBUTIONS: "Which people commits belong to.",
    Tag.ACCOUNT: "The caller, and their own account at a provider.",
    Tag.PROVIDER: "What the provider itself calls, and browsers on their way to it and back.",
    Tag.SERVICE: "What orchestrators and monitors ask.",
    Tag.DEVELOPMENT: "Exists in development alone.",
}
_HEADERS = {
    "RequestId": {
        "description": "The request's id: the caller's own if it sent a sane one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "After how many seconds to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WwwAuthenticate": {"description": "How to sign in.", "required": True, "schema": {"type": "string"}},
}
_PARAMETERS = {
    "ActingUser": {
        "name": ACTING_USER,
        "in": "header",
        "required": False,
        "description": "For services alone: the id of the user it acts for, whose rights then count, too.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Makes it safe to send the same request again: it is done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A user's or a service's access token.",
}
_SESSION = "The same token in a browser's cookie; what changes anything then needs an `Origin` of ours."
_SIGNATURE = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Hub-Signature-256",
    "description": "`sha256=` and the HMAC-SHA256 of the raw body under the webhook secret, in hex.",
}
_PLACEHOLDER = re.compile(r"\{(\w+)")
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.CALLER: [{"bearer": []}, {"session": []}],
    Access.ANYONE: [],
    Access.SIGNATURE: [{"signature": []}],
}


def describe(operations: Sequence[Operation], *, cookie: str) -> dict[str, Any]:
    """Return the description of these operations; `cookie` is the session cookie's name."""
    schemas = components(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.template, {})[one.method.lower()] = _operation(one, schemas)
    used = {one.tag for one in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "crewkit git integration",
            "version": version("crewkit-git"),
            "summary": "GitHub, connected to crewkit's projects.",
            "description": _ABOUT,
            "contact": {"name": "crewkit", "url": "https://crewkit.io"},
            "license": {"name": "Proprietary", "identifier": "LicenseRef-crewkit-Proprietary"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag.value, "description": text} for tag, text in _TAGS.items() if tag in used],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {name_of(status): refusal(status, codes) for status, codes in COMMON.items()},
            "examples": problem_examples(operations),
            "headers": _HEADERS,
            "parameters": _PARAMETERS,
            "securitySchemes": {
                "bearer": _BEARER,
                "session": {"type": "apiKey", "in": "cookie", "name": cookie, "description": _SESSION},
                "signature": _SIGNATURE,
            },
        },
    }


def _operation(one: Operation, schemas: dict[str, Schema]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.tag.value],
        "summary": one.summary[0].upper() + one.summary[1:],
        "description": " ".join(filter(None, [one.description, _about_query(one)])),
        "parameters": [*_in_path(one), *_in_query(one), *_in_headers(one)],
        "responses": answers_of(one, schemas),
        "security": _SECURITY[one.access],
    }
    if one.body is not None:
        schema = reference(one.body)
        content = {JSON: {"schema": schema, "example": example_of(schema, schemas)}}
        said["requestBody"] = {"required": True, "content": content}
    if one.access is Access.SIGNATURE:
        said["requestBody"] = {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}
    return {name: value for name, value in said.items() if value or name == "security"}


def _about_query(one: Operation) -> str:
    return " ".join((one.query.__doc__ or "").split()) if properties(one.query) else ""


def _in_path(one: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name].description,
            "schema": reference(PARAMETERS[name].form),
            "example": PARAMETERS[name].example,
        }
        for name in _PLACEHOLDER.findall(one.path)
    ]


def _in_query(one: Operation) -> list[dict[str, Any]]:
    required = {field.name for field in fields(one.query) if field.required}
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": f"Give {schema['description']}.",
            "schema": _given(schema),
        }
        for name, schema in properties(one.query).items()
    ]


def _given(schema: Schema) -> Schema:
    """Return the schema of a parameter that is given: what may be left out has no null to write."""
    rest = {key: value for key, value in schema.items() if key not in ("description", "default")}
    if "anyOf" in rest:
        rest |= next(one for one in rest.pop("anyOf") if one.get("type") != "null")
    if schema.get("default") not in (None, ""):
        rest["default"] = schema["default"]
    return rest


def _in_headers(one: Operation) -> list[dict[str, Any]]:
    found = []
    if one.access is Access.CALLER:
        found.append({"$ref": "#/components/parameters/ActingUser"})
    if one.takes_idempotency_key:
        found.append({"$ref": "#/components/parameters/IdempotencyKey"})
    return found
