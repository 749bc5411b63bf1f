import json
import shlex
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

Prose = Callable[[str], str]


def operation_text(
    document: Mapping[str, Any], method: str, path: str, one: Mapping[str, Any], *, prose: Prose
) -> str:
    """Return one operation as HTML: what it is, takes and answers, and how to call it."""
    return "".join(_parts(document, method, path, one, prose))


def _parts(
    document: Mapping[str, Any], method: str, path: str, one: Mapping[str, Any], prose: Prose
) -> Iterator[str]:
    name = escape(one["operationId"])
    yield (
        f'<article id="{name}" aria-labelledby="{name}-heading"><h3 id="{name}-heading">'
        f'<span class="method {method}">{method.upper()}</span> {escape(path)}</h3>'
        f"<p>{prose(one['summary'])}.</p>"
    )
    if "description" in one:
        yield f"<p>{prose(one['description'])}</p>"
    if not one["security"]:
        yield '<p class="quiet">No authentication required.</p>'
    yield from _parameters(document, one, prose)
    if "requestBody" in one:
        for media_type, content in one["requestBody"]["content"].items():
            yield f"<h4>Body <code>{escape(media_type)}</code></h4>"
            yield from _content(document, content)
    yield "<h4>Responses</h4>"
    for status, answer in one["responses"].items():
        yield from _answer(document, status, _resolved(document, answer), prose)
    yield f"<h4>With curl</h4><pre><code>{escape(curl(document, method, path, one))}</code></pre></article>"


def _parameters(document: Mapping[str, Any], one: Mapping[str, Any], prose: Prose) -> Iterator[str]:
    parameters = [_resolved(document, parameter) for parameter in one.get("parameters", [])]
    if not parameters:
        return
    yield (
        '<div class="wide"><table><caption>Parameters</caption><thead><tr><th scope="col">Name</th>'
        '<th scope="col">In</th><th scope="col">Description</th></tr></thead><tbody>'
    )
    for parameter in parameters:
        default = parameter["schema"].get("default")
        said = prose(parameter["description"])
        said += f" Default: <code>{escape(json.dumps(default))}</code>." if default is not None else ""
        said += " <strong>Required.</strong>" if parameter["required"] else ""
        yield (
            f'<tr><th scope="row"><code>{escape(parameter["name"])}</code></th>'
            f"<td>{escape(parameter['in'])}</td><td>{said}</td></tr>"
        )
    yield "</tbody></table></div>"


def _answer(
    document: Mapping[str, Any], status: str, answer: Mapping[str, Any], prose: Prose
) -> Iterator[str]:
    succeeds = status < "400"
    content = answer.get("content", {})
    text = f"<strong>{escape(status)}</strong> {prose(answer['description'])}"
    if not (succeeds and content):
        yield f"<p>{text}</p>"
        return
    for media_type, body in content.items():
        yield f"<details open><summary>{text} <code>{escape(media_type)}</code></summary>"
        yield from _content(document, body)
        yield "</details>"


def _content(document: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    schema = _resolved(document, content["schema"])
    if "description" in schema:
        yield f"<p>{escape(schema['description'])}</p>"
    if "example" in content:
        example = json.dumps(content["example"], indent=2, ensure_ascii=False)
        yield f"<pre><code>{escape(example)}</code></pre>"


def _resolved(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = document
    for key in value["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    assert isinstance(found, Mapping)
    return found


def curl(document: Mapping[str, Any], method: str, path: str, one: Mapping[str, Any]) -> str:
    """Return a command that calls the operation."""
    parameters = [_resolved(document, parameter) for parameter in one.get("parameters", [])]
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
    query = "&".join(f"{it['name']}=VALUE" for it in parameters if it["in"] == "query" and it["required"])
    words = ["curl", "-i", *(["-X", method.upper()] if method != "get" else [])]
    lines = [" ".join([*words, f'"$API{path}{"?" + query if query else ""}"'])]
    if {"bearer": []} in one["security"]:
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if any(parameter["name"] == "Idempotency-Key" for parameter in parameters):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    example = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    if example is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(json.dumps(example))}"]
    return " \\\n  ".join(lines)
