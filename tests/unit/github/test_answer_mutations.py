"""GitHub's own examples of answers, changed field by field: only documented fields are required."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.github.api import app_responses, content_responses, repository_responses
from adapters.github.api import user_responses as person_answers
from adapters.github.skipped_fields import SkippedFields
from adapters.github.tolerant_decoder import TolerantDecoder, Unreadable
from adapters.github.urls import GitHubUrls
from tests.support.checks.payload_table import list_required_answer_fields

_FILE = Path(__file__).parents[2] / "data" / "github" / "openapi.subset.json"
_PATHS: Mapping[str, Any] = json.loads(_FILE.read_bytes())["paths"]
_COMPONENTS: Mapping[str, Any] = json.loads(_FILE.read_bytes())["components"]

ANSWERS: Mapping[str, tuple[type[msgspec.Struct], str, str]] = {
    "app": (app_responses.AppResponse, "get", "/app"),
    "installation": (app_responses.InstallationResponse, "get", "/app/installations/{installation_id}"),
    "installation request": (app_responses.InstallationRequestResponse, "get", "/app/installation-requests"),
    "installation token": (app_responses.TokenResponse, "post", "/app/installations/{installation_id}/access_tokens"),
    "delivery": (app_responses.DeliveryResponse, "get", "/app/hook/deliveries"),
    "delivery payload": (app_responses.DeliveryDetailResponse, "get", "/app/hook/deliveries/{delivery_id}"),
    "webhook": (app_responses.HookConfigResponse, "get", "/app/hook/config"),
    "repositories": (repository_responses.RepositoriesResponse, "get", "/installation/repositories"),
    "repository": (repository_responses.RepositoryResponse, "get", "/repos/{owner}/{repo}"),
    "visible repositories": (
        repository_responses.VisibleRepositoriesResponse,
        "get",
        "/user/installations/{installation_id}/repositories",
    ),
    "branch": (repository_responses.BranchResponse, "get", "/repos/{owner}/{repo}/branches"),
    "reference": (repository_responses.RefResponse, "get", "/repos/{owner}/{repo}/git/matching-refs/{ref}"),
    "commit": (content_responses.CommitResponse, "get", "/repos/{owner}/{repo}/commits/{ref}"),
    "comparison": (content_responses.ComparisonResponse, "get", "/repos/{owner}/{repo}/compare/{basehead}"),
    "compared file": (content_responses.ChangedFile, "get", "/repos/{owner}/{repo}/compare/{basehead}#files"),
    "tree": (content_responses.TreeResponse, "get", "/repos/{owner}/{repo}/git/trees/{tree_sha}"),
    "tree entry": (content_responses.TreeEntry, "get", "/repos/{owner}/{repo}/git/trees/{tree_sha}#tree"),
    "person": (person_answers.UserResponse, "get", "/user"),
    "installations": (person_answers.InstallationsResponse, "get", "/user/installations"),
}
# The conversion into domain objects may reject a response, too.
CONVERTED: Mapping[str, Callable[[Any], object]] = {
    "app": lambda answer: answer.to_domain(GitHubUrls()),
    "installation": lambda answer: answer.to_domain(),
    "repository": lambda answer: answer.to_domain(),
    "person": lambda answer: answer.to_domain(),
}
RETYPED: Sequence[Any] = ("odd", 7, 1.5, True, [], {})


def example(method: str, path: str) -> Any:
    """Return GitHub's own example of an answer; of a list, also of one in the named field, its first row."""
    path, _, field = path.partition("#")
    responses = _PATHS[path][method]["responses"]
    content = next(responses[status] for status in ("200", "201") if status in responses)["content"]
    found = next(iter(content["application/json"]["examples"].values()))
    if "$ref" in found:
        found = _COMPONENTS["examples"][found["$ref"].rpartition("/")[2]]
    value = found["value"][field] if field else found["value"]
    return value[0] if isinstance(value, list) else value


def mutations(value: Any, whole: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """Return the name of each field, and the whole answer with it removed, null and of each other type."""
    keys: list[Any] = list(value) if isinstance(value, dict) else [0] if isinstance(value, list) and value else []
    for key in keys:
        original, name = value[key], ".".join(str(step) for step in (*path, key))
        for other in (None, *RETYPED):
            if type(other) is not type(original):
                value[key] = other
                yield name, msgspec.json.encode(whole)
        value[key] = original
        if isinstance(value, dict):
            kept = dict(value)
            del value[key]
            yield name, msgspec.json.encode(whole)
            value.clear()
            value.update(kept)
        yield from mutations(original, whole, (*path, key))


def test_only_documented_fields_make_a_response_unreadable() -> None:
    """The required fields are exactly those of docs/payloads.md."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, (shape, method, path) in ANSWERS.items():
        decoder, whole = TolerantDecoder(shape), example(method, path)
        odd = SkippedFields()
        decoder.decode(msgspec.json.encode(whole), odd)
        assert odd.counts == {}, name
        for field, body in mutations(whole, whole):
            try:
                answer = decoder.decode(body, SkippedFields())
                if name in CONVERTED:
                    CONVERTED[name](answer)
            except Unreadable:
                found[name].add(field)
    assert dict(found) == list_required_answer_fields()


@pytest.mark.parametrize("count", [1, 3])
def test_invalid_rows_do_not_affect_other_rows(count: int) -> None:
    """Null rows, rows of other types and rows without an id are skipped."""
    row = example("get", "/repos/{owner}/{repo}")
    odd_rows: list[Any] = [None, 5, "x", [], {}, {**row, "id": None}][: count * 2]
    body = msgspec.json.encode({"total_count": 1, "repositories": [*odd_rows, row]})
    odd = SkippedFields()

    found = TolerantDecoder(repository_responses.RepositoriesResponse).decode(body, odd)

    assert [repository.id for repository in found.repositories] == [row["id"]]
    assert sum(odd.counts.values()) == len(odd_rows)
