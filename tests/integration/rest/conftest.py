"""The whole API, with two tenants."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.scenarios.whole_api import Tenants, two_tenants
from tests.support.servers.servers import Servers


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the operation into the id of its test too: schemathesis puts it into the name alone."""
    operation = item.name.partition("[")[2].removesuffix("]")
    if operation and item.id.params is None:
        item._id = item.id.with_params(operation)


@pytest.fixture(scope="session")
def tenants(servers: Servers, database_template: str) -> Iterator[Tenants]:
    """Give both."""
    with two_tenants(servers, database_template) as made:
        yield made


@pytest.fixture(scope="module")
def owner(tenants: Tenants) -> Iterator[httpx.Client]:
    """Give a client of the demo's owner; what one test changes the next ones see."""
    with tenants.api() as client:
        yield client
