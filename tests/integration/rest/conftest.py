"""The whole API, with two tenants."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.scenarios.whole_api import Tenants, two_tenants
from tests.support.servers.servers import Servers


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
