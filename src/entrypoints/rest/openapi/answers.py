"""What an operation may answer: its successes, and its refusals by status with the codes of each."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from entrypoints.rest.http.operations import JSON, Access, Answer, Operation, StreamedForm
from entrypoints.rest.http.problems import MEDIA_TYPE, OF_HTTP, Problem, status_of
from entrypoints.rest.openapi.errors import refusals_of
from entrypoints.rest.openapi.examples import REQUEST_ID, example_of
from entrypoints.rest.openapi.schemas import Schema, reference

# What every operation may answer alike: written down once.
COMMON = {
    status: dict([OF_HTTP[status]])
    for status in (
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.GATEWAY_TIMEOUT,
    )
}
_COME_BACK = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


def answers_of(operation: Operation, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Return what the operation may answer, by status."""
    found: dict[str, Any] = {}
    for one in operation.answers:
        said = _success(one, schemas)
        # One status may have several media types: for programs, and for people.
        known = found.setdefault(str(one.status.value), said)
        known.setdefault("content", {}).update(said.get("content", {}))
        if not known["content"]:
            del known["content"]
    found |= {str(status.value): {"$ref": f"#/components/responses/{name_of(status)}"} for status in COMMON}
    for status, codes in _codes_of(operation).items():
        found[str(status.value)] = refusal(status, {**COMMON.get(status, {}), **codes})
    return dict(sorted(found.items()))


def refusal(status: HTTPStatus, codes: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer of this status with these codes, each with what it means."""
    headers: dict[str, Any] = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}
    if status in _COME_BACK:
        headers["retry-after"] = {"$ref": "#/components/headers/RetryAfter"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = {"$ref": "#/components/headers/WwwAuthenticate"}
    # With a type and `enum` instead of `const`, because generators of clients drop an answer that they cannot
    # merge with `Problem`.
    named = {
        "type": "object",
        "properties": {
            "code": {"type": "string", "enum": sorted(codes)},
            "status": {"type": "integer", "enum": [status.value]},
        },
    }
    said = " ".join(f"`{code}`: {text}" for code, text in sorted(codes.items()))
    return {
        "description": said,
        "headers": headers,
        "content": {
            MEDIA_TYPE: {
                "schema": {"allOf": [reference(Problem), named]},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in sorted(codes)},
            }
        },
    }


def problem_examples(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return one example of each code that any of these answers."""
    found = {
        code: {"value": _example(status, code, text)}
        for codes_of in [COMMON, *map(_codes_of, operations)]
        for status, codes in codes_of.items()
        for code, text in codes.items()
    }
    return dict(sorted(found.items()))


def name_of(status: HTTPStatus) -> str:
    """Return a status as the name of a component."""
    return status.phrase.title().replace(" ", "").replace("-", "")


def _description(answer: Answer) -> str:
    if "location" in answer.headers:
        target = answer.headers["location"]
        return f"Redirects the browser to {target[0].lower()}{target[1:]}"
    return answer.description or answer.status.phrase


def _success(answer: Answer, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    headers: dict[str, Any] = {"x-request-id": {"$ref": "#/components/headers/RequestId"}}
    for name, text in answer.headers.items():
        headers[name] = {"description": text, "schema": {"type": "string"}}
    said: dict[str, Any] = {"description": _description(answer), "headers": headers}
    if answer.form is not None:
        schema = reference(answer.form)
        said["content"] = {answer.media_type: {"schema": schema, "example": example_of(schema, schemas)}}
    elif answer.media_type != JSON:
        said["content"] = {answer.media_type: {"schema": {"type": "string"}}}
    if answer.events:
        content = said["content"][answer.media_type]
        # OpenAPI 3.1 cannot describe the events of a stream, so an extension does.
        content["x-events"] = {name: _streamed(name, event) for name, event in answer.events.items()}
        content["example"] = _frame_example(*next(iter(answer.events.items())), schemas)
    return said


def _streamed(name: str, event: StreamedForm) -> Schema:
    """Return the schema of the JSON in an event's `data:` line."""
    if event.data is None:
        return reference(event.form)
    specific = {"type": {"type": "string", "enum": [name]}, "data": reference(event.data)}
    return {"allOf": [reference(event.form), {"type": "object", "properties": specific}]}


def _frame_example(name: str, event: StreamedForm, schemas: Mapping[str, Schema]) -> str:
    example = example_of(reference(event.form), schemas)
    if event.data is not None:
        example |= {"type": name, "data": example_of(reference(event.data), schemas)}
    return f"id: 1\nevent: {name}\ndata: {json.dumps(example)}\n\n"


def _codes_of(operation: Operation) -> dict[HTTPStatus, dict[str, str]]:
    """Return the codes it may answer by status, but the common ones."""
    found: dict[HTTPStatus, dict[str, str]] = defaultdict(dict)
    also = [HTTPStatus.BAD_REQUEST]
    also += [HTTPStatus.NOT_FOUND] if "{" in operation.path else []
    takes_body = operation.body is not None or operation.access is Access.SIGNATURE
    also += [HTTPStatus.UNSUPPORTED_MEDIA_TYPE] if takes_body else []
    for status in also:
        found[status].update([OF_HTTP[status]])
    for error in refusals_of(operation):
        found[status_of(error)][error.code] = error.documentation()
    return found


def _example(status: HTTPStatus, code: str, text: str) -> dict[str, Any]:
    return {
        "type": f"urn:problem-type:crewkit:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": text,
        "code": code,
        "request_id": REQUEST_ID,
    }
