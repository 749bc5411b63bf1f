"""The whole API under requests made up from its own description, right and wrong ones, as its owner."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from entrypoints.rest.openapi.document import describe
from tests.support.clients.operations import FINITE, OPERATIONS
from tests.support.scenarios.rest import COOKIE
from tests.support.scenarios.whole_api import Tenants


def document() -> dict[str, Any]:
    """Give the description but for streams, which never end, and what a person cannot send."""
    described = describe([OPERATIONS[name] for name in FINITE], cookie=COOKIE)
    for methods in described["paths"].values():
        for one in methods.values():
            given = one.get("parameters", [])
            one["parameters"] = [it for it in given if not it.get("$ref", "").endswith("/ActingUser")]
    return described


SCHEMA = schemathesis.openapi.from_dict(
    document(),
    config=SchemathesisConfig.from_dict(
        {
            "seed": 20260314,
            # Much of what is wrong is also far too long.
            "checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 404, 405, 413, 414, 415, 431]}},
            "generation": {
                "deterministic": True,
                "max-examples": 10,
                "database": "none",
                "allow-x00": False,
                "with-security-parameters": False,
            },
        }
    ),
)


@pytest.fixture(scope="module")
def api(tenants: Tenants) -> Iterator[httpx.Client]:
    """Serve what only reads."""
    with tenants.api() as client:
        yield client


@pytest.fixture
def url(request: pytest.FixtureRequest, tenants: Tenants, api: httpx.Client) -> Iterator[str]:
    """Return the address of an API. Operations that change data use a separate database."""
    if "[GET " in request.node.name:
        yield str(api.base_url)
    else:
        with tenants.api() as client:
            yield str(client.base_url)


@SCHEMA.parametrize()
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_responses_match_the_description(tenants: Tenants, url: str, case: schemathesis.Case[Any]) -> None:
    """No server error, and no status, type or header without a description."""
    meant = dict(case.meta.components) if case.meta else {}
    if _is_right(meant, ParameterLocation.PATH):
        # Made-up ids would find nothing, ever.
        known = {"provider": "github", **tenants.own}
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    if _is_right(meant, ParameterLocation.QUERY):
        # The content of a cursor is not part of the contract.
        case.query.pop("cursor", None)
    answer = case.call(base_url=url, headers=tenants.bearer("owner"), allow_redirects=False)
    # Who may call is proven elsewhere, with better forgeries.
    excluded = [ignored_auth]
    if case.operation.body:
        # What makes a branch's name or a folder's path one is more than a schema says.
        excluded.append(positive_data_acceptance)
    case.validate_response(answer, excluded_checks=excluded)


def _is_right(meant: dict[ParameterLocation, Any], place: ParameterLocation) -> bool:
    return place not in meant or meant[place].mode is GenerationMode.POSITIVE
