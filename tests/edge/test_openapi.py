"""The API's description: whole, true, and readable by people."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator

from core.domain.idempotency import IdempotencyKeyInvalid, idempotency_key
from core.domain.streams.domain_event import DATA_OF, DomainEventType, RecordedEvent
from core.domain.streams.stream import EndReason
from entrypoints.rest.http.operations import JSON, Access, routes
from entrypoints.rest.openapi.document import describe
from entrypoints.rest.resources.event_stream import end_frame, event_frame
from tests.support.checks.openapi_file import FILE, text
from tests.support.scenarios.rest import COOKIE, Edge, list_all_operations
from tests.unit.test_domain_event_contract import AT, sample

PATH = "/api/v1/openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Give the description of everything."""
    return describe(list_all_operations(), cookie=COOKIE)


async def test_serves_the_description_with_cache_headers() -> None:
    """Without a token, compressed, and without operations that exist only in development."""
    async with Edge().client() as client:
        first = await client.get(PATH)
        again = await client.get(PATH, headers={"if-none-match": first.headers["etag"]})

    assert first.json()["openapi"].startswith("3.1.")
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "public, max-age=300"
    assert again.status_code == 304
    assert "/dev/sign-in" not in first.json()["paths"]


def test_all_references_resolve(document: dict[str, Any]) -> None:
    """Including schemas of parameters: generators of clients stop at a broken reference."""
    there = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    named = {one for one in _references(document) if one.startswith("#/components/schemas/")}

    assert named <= there
    assert named


def _references(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        if isinstance(found.get("$ref"), str):
            yield found["$ref"]
        found = list(found.values())
    if isinstance(found, list):
        for one in found:
            yield from _references(one)


def test_file_is_current() -> None:
    """`make openapi` writes it."""
    assert FILE.read_text() == text()


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """With more text than its summary. The document names its owner and license."""
    assert [one.name for one in list_all_operations() if not one.description] == []
    assert {"contact", "license", "description"} <= document["info"].keys()


def test_descriptions_of_schemas_have_no_code_blocks(document: dict[str, Any]) -> None:
    """Markdown displays a line that is indented by four spaces after an empty line as code."""
    descriptions = [schema.get("description", "") for schema in document["components"]["schemas"].values()]
    assert [text for text in descriptions if "\n    " in text] == []
    assert [text for text in descriptions if "\n\n" in text]


def test_security_schemes_are_described_in_full(document: dict[str, Any]) -> None:
    for scheme in document["components"]["securitySchemes"].values():
        assert scheme["description"].endswith("."), scheme


@pytest.mark.parametrize("event_type", DomainEventType, ids=lambda one: one.value)
@pytest.mark.parametrize("full", [True, False], ids=["full", "sparse"])
def test_streamed_events_match_their_schema(
    document: dict[str, Any], event_type: DomainEventType, *, full: bool
) -> None:
    """The JSON in each frame matches the schema that the description lists for its type."""
    answer = document["paths"]["/api/v1/{org_id}/events"]["get"]["responses"]["200"]
    described = answer["content"]["text/event-stream"]["x-events"]
    assert described.keys() == {*(one.value for one in DomainEventType), "stream.ended"}
    project = uuid4() if full else None
    source = "delivery" if full else None
    data = sample(DATA_OF[event_type], full=full)
    event = RecordedEvent(7, event_type, 1, uuid4(), project, AT, AT, source, data)
    lines = dict(line.split(": ", 1) for line in event_frame(event).decode().splitlines() if line)
    assert lines["event"] == event_type.value
    _check(document, described[event_type.value], lines["data"])


@pytest.mark.parametrize("reason", EndReason)
def test_end_of_a_stream_matches_its_schema(document: dict[str, Any], reason: EndReason) -> None:
    """For every reason."""
    answer = document["paths"]["/api/v1/{org_id}/events"]["get"]["responses"]["200"]
    described = answer["content"]["text/event-stream"]["x-events"]["stream.ended"]
    lines = dict(line.split(": ", 1) for line in end_frame(reason, 7).decode().splitlines() if line)
    assert lines["event"] == "stream.ended"
    _check(document, described, lines["data"])


def _check(document: dict[str, Any], schema: dict[str, Any], text: str) -> None:
    whole = {**schema, "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert list(validator.iter_errors(json.loads(text))) == []


def test_routes_equal_the_description(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    mounted = routes(list_all_operations(), Edge().parts()[1].authentication)
    answered = {(method, route.path_format) for route in mounted for method in (route.methods or set()) - {"HEAD"}}
    assert described == answered


def test_operations_have_unique_ids() -> None:
    """Clients are generated from them."""
    names = [one.name for one in list_all_operations()]
    assert sorted(names) == sorted(set(names))
    assert all(re.fullmatch("[a-z][a-z0-9_]+", name) for name in names)


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give every description of a body, with where it is."""
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            place = f"{method} {path}"
            for media_type, content in one.get("requestBody", {}).get("content", {}).items():
                yield f"{place} {media_type}", content
            for status, answer in one["responses"].items():
                for content in answer.get("content", {}).values():
                    yield f"{place} {status}", content
    for name, answer in document["components"]["responses"].items():
        for content in answer["content"].values():
            yield name, content


def test_every_example_matches_its_schema(document: dict[str, Any]) -> None:
    """As strictly as in a client."""
    checked = 0
    for place, content in contents(document):
        references = [one["$ref"].rsplit("/", 1)[1] for one in content.get("examples", {}).values()]
        examples = [document["components"]["examples"][name]["value"] for name in references]
        schema = {**content["schema"], "components": document["components"]}
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        for example in [*examples, *([content["example"]] if "example" in content else [])]:
            assert list(validator.iter_errors(example)) == [], place
            checked += 1
    assert checked > 50


def test_parameters_have_examples_or_limits(document: dict[str, Any]) -> None:
    """Each parameter is described and limited."""
    for path, methods in document["paths"].items():
        for one in methods.values():
            for given in one.get("parameters", []):
                named = given.get("$ref", "").rsplit("/", 1)[-1]
                parameter = document["components"]["parameters"][named] if named else given
                schema = parameter["schema"]
                assert parameter["description"], path
                if schema.get("type") == "string" and "format" not in schema and "enum" not in schema:
                    assert "maxLength" in schema, (path, parameter["name"])
                if schema.get("type") == "integer":
                    assert {"minimum", "maximum"} <= schema.keys(), (path, parameter["name"])


def test_times_use_the_time_schema(document: dict[str, Any]) -> None:
    """Otherwise clients would see plain text."""
    for name, schema in document["components"]["schemas"].items():
        for field, form in schema.get("properties", {}).items():
            if field.endswith(("_at", "_until", "since")):
                assert "date-time" in str(form), (name, field)


def test_json_responses_have_a_schema(document: dict[str, Any]) -> None:
    """Request bodies forbid unknown fields."""
    for one in list_all_operations():
        for answer in one.responses:
            has_body = answer.status not in (204, 303, 302) and answer.media_type == JSON
            assert answer.model is not None or not has_body or one.tag.value == "Provider", one.name
        if one.body is not None:
            assert document["components"]["schemas"][one.body.__name__]["additionalProperties"] is False


def test_errors_list_their_codes(document: dict[str, Any]) -> None:
    """Each has an example. Authenticated operations list 401; those of an organization, 403 and 404."""
    for path, methods in document["paths"].items():
        for one in methods.values():
            if {"bearer": []} in one["security"]:
                assert {"400", "401", "503"} <= one["responses"].keys(), path
            if "{org_id}" in path:
                assert {"403", "404"} <= one["responses"].keys(), path


def _codes(document: dict[str, Any], method: str, path: str) -> set[str]:
    """Return the error codes of an operation, also those of the shared responses."""
    codes: set[str] = set()
    for response in document["paths"][path][method]["responses"].values():
        name = response.get("$ref", "").rsplit("/", 1)[-1]
        content = (document["components"]["responses"][name] if name else response).get("content", {})
        codes |= content.get("application/problem+json", {}).get("examples", {}).keys()
    return codes


@pytest.mark.parametrize("method", ["get", "post"])
def test_install_lists_only_errors_of_calls_as_the_app(document: dict[str, Any], method: str) -> None:
    codes = _codes(document, method, "/api/v1/git/{provider}/install")
    assert {"provider_unavailable", "provider_app_refused"} <= codes
    of_installations = {"installation_gone", "installation_suspended", "provider_sso_required"}
    of_users = {"provider_credential_refused", "ciphertext_unreadable", "not_visible_on_provider"}
    assert not codes & (of_installations | of_users)


@pytest.mark.parametrize(
    "path", ["/api/v1/git/{provider}/callback", "/api/v1/user/git-connections/{provider}/callback"]
)
def test_callbacks_list_errors_of_storage_and_code_exchange(document: dict[str, Any], path: str) -> None:
    expected = {"provider_email_unverified", "conflict", "storage_unavailable", "storage_too_slow"}
    assert expected <= _codes(document, "get", path)


def test_additional_codes_extend_the_shared_response(document: dict[str, Any]) -> None:
    path = "/api/v1/{org_id}/git-integrations/{provider}/repos/{repo_id}/branches"
    assert {"internal", "provider_answer_unreadable"} <= _codes(document, "get", path)


def test_operations_that_need_a_user_do_not_take_an_acting_user(document: dict[str, Any]) -> None:
    acting_user = {"$ref": "#/components/parameters/ActingUser"}
    for_users = [one for one in list_all_operations() if one.access is Access.USER]
    assert {one.template.rsplit("/", 1)[1] for one in for_users} == {"install", "authorize"}
    for one in for_users:
        assert acting_user not in document["paths"][one.template][one.method.lower()].get("parameters", [])


@pytest.mark.parametrize("key", ["k", "a b", "!~", "x" * 255, "", " ", " a", "a ", "a\nb", "\x7f", "\u00e9", "x" * 256])
def test_pattern_of_idempotency_keys_equals_the_code(document: dict[str, Any], key: str) -> None:
    """Servers remove spaces around the value of a header, so a key does not begin or end with a space."""
    schema = document["components"]["parameters"]["IdempotencyKey"]["schema"]
    is_valid = not list(Draft202012Validator(schema).iter_errors(key))
    try:
        is_accepted = idempotency_key(key) == key.strip()
    except IdempotencyKeyInvalid:
        is_accepted = False
    assert is_valid == is_accepted


async def test_reference_page_loads_only_files_of_this_service() -> None:
    async with Edge().client() as client:
        page = await client.get("/docs")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="en">' in page.text
    links = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    loaded = [link for link in links if link != PATH]
    scripts = ["/kit/docs/swagger-ui-bundle.js", "/kit/docs/start.js"]
    assert loaded == ["/kit/icon.svg", "/kit/docs/swagger-ui.css", *scripts]
    assert PATH in links
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
