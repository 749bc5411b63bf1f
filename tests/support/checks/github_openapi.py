"""GitHub's own description of its REST API, as a check of answers."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft7Validator, FormatChecker

_FILE = Path(__file__).parents[2] / "data" / "github" / "openapi.subset.json"


def operations() -> Iterator[tuple[str, str]]:
    """Give method and path of every operation described."""
    for path, methods in _description()["paths"].items():
        for method in methods:
            yield method.upper(), path


def check(answer: httpx.Response, method: str, path: str) -> None:
    """Assert that the operation may answer so: the status is described, and the body has its shape."""
    described = _description()["paths"][path][method.lower()]["responses"]
    response = described.get(str(answer.status_code))
    assert response is not None, f"{method} {path} is not described to answer {answer.status_code}"
    if "$ref" in response:
        response = _description()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content = response.get("content", {}).get("application/json")
    if content is None:
        assert answer.content == b"", f"{method} {path} answers {answer.status_code} without a body"
        return
    schema = {**content["schema"], "components": _description()["components"]}
    Draft7Validator(schema, format_checker=FormatChecker()).validate(answer.json())


@cache
def _description() -> dict[str, Any]:
    whole: dict[str, Any] = _with_null(json.loads(_FILE.read_bytes()))
    return whole


def _with_null(node: Any) -> Any:
    """Convert `nullable` of OpenAPI 3.0 to JSON Schema."""
    if isinstance(node, list):
        return [_with_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    rest = {name: _with_null(value) for name, value in node.items() if name != "nullable"}
    if _is_user_and_enterprise(node):
        rest["anyOf"] = rest.pop("allOf")
    return {"anyOf": [rest, {"type": "null"}]} if node.get("nullable") is True else rest


def _is_user_and_enterprise(node: dict[str, Any]) -> bool:
    """Find the one place where the description says `all of` and means `any of`: nothing is both."""
    return [part.get("title") for part in node.get("allOf", [])] == ["Simple User", "Enterprise"]
