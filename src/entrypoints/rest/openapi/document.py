"""The OpenAPI document (https://spec.openapis.org/oas/v3.1.1.html), made from the operations."""

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from msgspec.structs import fields

from entrypoints.rest.http.authentication import ACTING_USER
from entrypoints.rest.http.operations import JSON, Access, Operation, Tag
from entrypoints.rest.http.paths import PARAMETERS
from entrypoints.rest.openapi.responses import COMMON, error_response, name_of, problem_examples, responses_of
from entrypoints.rest.openapi.schemas import Schema, component_schemas, example_of, properties, reference

_ABOUT = (
    "Connect an organization to a git provider, list its repositories, link them to "
    "projects, and inspect every webhook event. Times are in RFC 3339 format and UTC. "
    "Lists have the form `{data, next_cursor}`. Errors are `application/problem+json` "
    "(RFC 9457) with a stable `code`. For a browser, operations that return HTML return errors "
    "as HTML, too. Every response has an `X-Request-Id` header."
)
_TAGS = {
    Tag.INTEGRATIONS: "Integrations of an organization with git providers.",
    Tag.REPOSITORIES: "The repository catalog: the repositories that an integration can access.",
    Tag.PROJECTS: "Projects and their linked repositories.",
    Tag.EVENTS: "Webhook events from providers, and domain events for consumers.",
    Tag.ATTRIBUTIONS: "Which users wrote which commits.",
    Tag.ACCOUNT: "The calling user and their connections to provider accounts.",
    Tag.PROVIDER: "Webhook deliveries, and the browser flows to install and manage the app.",
    Tag.SERVICE: "Health, metrics and documentation of this service.",
    Tag.DEVELOPMENT: "Available in development only.",
}
_HEADERS = {
    "RequestId": {
        "description": "The id of the request: the `X-Request-Id` of the request if it is valid, otherwise a new id.",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "The number of seconds to wait before the next attempt.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WwwAuthenticate": {
        "description": "The required authentication scheme.",
        "required": True,
        "schema": {"type": "string"},
    },
}
_PARAMETERS = {
    "ActingUser": {
        "name": ACTING_USER,
        "in": "header",
        "required": False,
        "description": "Only for services: the id of the user that the service acts for. The request is "
        "allowed only if both the service and the user have the permission.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "A unique key for this request. If the request succeeds and you send it again with "
        "the same key within 24 hours, it is not executed again and you receive the first response. A "
        "request that failed is executed again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The access token of a user or a service.",
}
_SESSION = (
    "The access token in a browser cookie. A request that changes data also needs an `Origin` header with an "
    "allowed origin."
)
_SIGNATURE = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Hub-Signature-256",
    "description": "`sha256=`, followed by the HMAC-SHA256 of the raw body with the webhook secret, as hex digits.",
}
_PLACEHOLDER = re.compile(r"\{(\w+)")
_SECURITY: dict[Access, list[dict[str, list[str]]]] = {
    Access.CALLER: [{"bearer": []}, {"session": []}],
    Access.USER: [{"bearer": []}, {"session": []}],
    Access.ANYONE: [],
    Access.SIGNATURE: [{"signature": []}],
}


def describe(operations: Sequence[Operation], *, cookie: str) -> dict[str, Any]:
    """Return the OpenAPI document of these operations; `cookie` is the name of the session cookie."""
    schemas = component_schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.template, {})[operation.method.lower()] = _describe_operation(operation, schemas)
    tags = {operation.tag for operation in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "crewkit git integration",
            "version": version("crewkit-git"),
            "summary": "Connects crewkit projects to repositories on GitHub.",
            "description": _ABOUT,
            "contact": {"name": "crewkit", "url": "https://crewkit.io"},
            "license": {"name": "Proprietary", "identifier": "LicenseRef-crewkit-Proprietary"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag.value, "description": text} for tag, text in _TAGS.items() if tag in tags],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {name_of(status): error_response(status, codes) for status, codes in COMMON.items()},
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


def _describe_operation(operation: Operation, schemas: dict[str, Schema]) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag.value],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": responses_of(operation, schemas),
        "security": _SECURITY[operation.access],
    }
    if operation.body is not None:
        schema = reference(operation.body)
        content = {JSON: {"schema": schema, "example": example_of(schema, schemas)}}
        description["requestBody"] = {"required": True, "content": content}
    if operation.access is Access.SIGNATURE:
        description["requestBody"] = {"required": True, "content": {JSON: {"schema": {"type": "object"}}}}
    return {name: value for name, value in description.items() if value or name == "security"}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name].description,
            "schema": reference(PARAMETERS[name].model),
            "example": PARAMETERS[name].example,
        }
        for name in _PLACEHOLDER.findall(operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    required = {field.name for field in fields(operation.query) if field.required}
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": schema["description"],
            "schema": _value_schema(schema),
        }
        for name, schema in properties(operation.query).items()
    ]


def _value_schema(schema: Schema) -> Schema:
    """Return the schema of a parameter's value. A query cannot contain null."""
    value_schema = {key: value for key, value in schema.items() if key not in ("description", "default")}
    if "anyOf" in value_schema:
        value_schema |= next(option for option in value_schema.pop("anyOf") if option.get("type") != "null")
    if schema.get("default") not in (None, ""):
        value_schema["default"] = schema["default"]
    return value_schema


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = ["ActingUser"] if operation.access is Access.CALLER else []
    names += ["IdempotencyKey"] if operation.takes_idempotency_key else []
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]
