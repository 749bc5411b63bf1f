"""The responses of an operation: its successes, and its errors by status, with the codes of each."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec

from entrypoints.rest.http.operations import JSON, Access, Operation, StreamedModel, Success
from entrypoints.rest.http.problems import HTTP_ERRORS, MEDIA_TYPE, Problem, describe_problem, status_of
from entrypoints.rest.http.responses import REPLAYED
from entrypoints.rest.openapi.errors import errors_of
from entrypoints.rest.openapi.schemas import Schema, example_of, reference

# The shared responses of all operations.
COMMON = {
    status: dict([HTTP_ERRORS[status]])
    for status in (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
}
_REQUEST_ID = "7c9e6679f6b14c0ea1a3c0ffee5f0c11"
_REPLAYED_TEXT = "`true` if this is the stored response to an earlier request with the same key."
_ERROR_HEADERS = {
    HTTPStatus.TOO_MANY_REQUESTS: {"retry-after": "RetryAfter"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"retry-after": "RetryAfter"},
    HTTPStatus.UNAUTHORIZED: {"www-authenticate": "WwwAuthenticate"},
}


def responses_of(operation: Operation, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Return all responses of the operation, by status."""
    responses: dict[str, Any] = {}
    for success in operation.responses:
        response = _success(operation, success, schemas)
        # A status can have several media types: for programs, and for browsers.
        merged = responses.setdefault(str(success.status.value), response)
        merged.setdefault("content", {}).update(response.get("content", {}))
        if not merged["content"]:
            del merged["content"]
    responses |= {str(status.value): _reference("responses", name_of(status)) for status in COMMON}
    for status, codes in _codes_of(operation).items():
        responses[str(status.value)] = error_response(status, {**COMMON.get(status, {}), **codes})
    return dict(sorted(responses.items()))


def error_response(status: HTTPStatus, codes: Mapping[str, str]) -> dict[str, Any]:
    """Return the error response with this status. `codes` has the meaning of each code."""
    headers = {"x-request-id": "RequestId", **_ERROR_HEADERS.get(status, {})}
    # With a type and `enum` instead of `const`, because generators of clients drop a response that they cannot
    # merge with `Problem`.
    fields = {
        "type": "object",
        "properties": {
            "code": {"type": "string", "enum": sorted(codes)},
            "status": {"type": "integer", "enum": [status.value]},
        },
    }
    content = {
        "schema": {"allOf": [reference(Problem), fields]},
        "examples": {code: _reference("examples", code) for code in sorted(codes)},
    }
    return {
        "description": " ".join(f"`{code}`: {text}" for code, text in sorted(codes.items())),
        "headers": {header: _reference("headers", name) for header, name in headers.items()},
        "content": {MEDIA_TYPE: content},
    }


def problem_examples(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return an example of each error code that these operations can return."""
    examples = {
        code: {"value": msgspec.to_builtins(describe_problem(status, code, text, _REQUEST_ID))}
        for codes_of in [COMMON, *map(_codes_of, operations)]
        for status, codes in codes_of.items()
        for code, text in codes.items()
    }
    return dict(sorted(examples.items()))


def name_of(status: HTTPStatus) -> str:
    """Return the name of the component for a status."""
    return status.phrase.title().replace(" ", "").replace("-", "")


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _success(operation: Operation, success: Success, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    headers: dict[str, Any] = {"x-request-id": _reference("headers", "RequestId")}
    texts = {**success.headers, **({REPLAYED: _REPLAYED_TEXT} if operation.takes_idempotency_key else {})}
    for name, text in texts.items():
        headers[name] = {"description": text, "schema": {"type": "string"}}
    response: dict[str, Any] = {"description": _description(success), "headers": headers}
    if success.model is not None:
        schema = reference(success.model)
        response["content"] = {success.media_type: {"schema": schema, "example": example_of(schema, schemas)}}
    elif success.media_type != JSON:
        response["content"] = {success.media_type: {"schema": {"type": "string"}}}
    if success.events:
        content = response["content"][success.media_type]
        # OpenAPI 3.1 cannot describe the events of a stream, so an extension does.
        content["x-events"] = {name: _event_schema(name, event) for name, event in success.events.items()}
        content["example"] = _frame_example(*next(iter(success.events.items())), schemas)
    return response


def _description(success: Success) -> str:
    if "location" in success.headers:
        target = success.headers["location"]
        return f"Redirects the browser to {target[0].lower()}{target[1:]}"
    return success.description or success.status.phrase


def _event_schema(name: str, event: StreamedModel) -> Schema:
    """Return the schema of the JSON in an event's `data:` line."""
    if event.data is None:
        return reference(event.model)
    specific = {"type": {"type": "string", "enum": [name]}, "data": reference(event.data)}
    return {"allOf": [reference(event.model), {"type": "object", "properties": specific}]}


def _frame_example(name: str, event: StreamedModel, schemas: Mapping[str, Schema]) -> str:
    example = example_of(reference(event.model), schemas)
    if event.data is not None:
        example |= {"type": name, "data": example_of(reference(event.data), schemas)}
    return f"id: 1\nevent: {name}\ndata: {json.dumps(example)}\n\n"


def _codes_of(operation: Operation) -> dict[HTTPStatus, dict[str, str]]:
    """Return the codes of the operation by status, without the common codes."""
    codes: dict[HTTPStatus, dict[str, str]] = defaultdict(dict)
    statuses = [HTTPStatus.BAD_REQUEST]
    statuses += [HTTPStatus.NOT_FOUND] if "{" in operation.path else []
    has_body = operation.body is not None or operation.access is Access.SIGNATURE
    statuses += [HTTPStatus.UNSUPPORTED_MEDIA_TYPE] if has_body else []
    for status in statuses:
        codes[status].update([HTTP_ERRORS[status]])
    for error in errors_of(operation):
        codes[status_of(error)][error.code] = error.documentation()
    return codes
