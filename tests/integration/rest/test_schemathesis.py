"""The complete API with generated requests, valid and invalid ones, sent by its owner."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from entrypoints.rest.openapi.document import describe
from tests.support.clients.operations import FINITE, OPERATIONS
from tests.support.scenarios.rest import COOKIE
from tests.support.scenarios.whole_api import Tenants

if TYPE_CHECKING:
    from tests.support.checks.generated_requests import GeneratedRequests


def document() -> dict[str, Any]:
    """Return the OpenAPI document without streams, which never end, and without what a person cannot send."""
    described = describe([OPERATIONS[name] for name in FINITE], cookie=COOKIE)
    for methods in described["paths"].values():
        for operation in methods.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [it for it in parameters if not it.get("$ref", "").endswith("/ActingUser")]
    return described


LABELS = [f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods]


@pytest.fixture(scope="module")
def requests() -> "GeneratedRequests":
    """Give the requests of every operation."""
    from tests.support.checks.generated_requests import GeneratedRequests  # noqa: PLC0415 - it takes a second

    return GeneratedRequests(document())


@pytest.fixture(scope="module")
def api(tenants: Tenants) -> Iterator[httpx.Client]:
    """Serve operations that only read."""
    with tenants.api() as client:
        yield client


@pytest.mark.parametrize("label", LABELS)
def test_responses_match_the_description(
    tenants: Tenants, api: httpx.Client, requests: "GeneratedRequests", label: str
) -> None:
    """No server error, and no status, media type, header or body that the document does not describe.

    Invalid requests are rejected. Valid requests are accepted, unless the state of the database forbids it.
    """
    method, path = label.split(" ", 1)

    def check(client: httpx.Client) -> int:
        ids = {"provider": "github", **tenants.own}
        return requests.check_responses(
            method, path, base_url=str(client.base_url), headers=tenants.bearer("owner"), ids=ids
        )

    if method == "GET":
        assert check(api)
    else:
        with tenants.api() as client:
            assert check(client)
