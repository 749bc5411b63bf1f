"""Fixtures of the tests of real servers."""

from collections.abc import Iterator

import pytest

from tests.support.servers.servers import Servers, new_database


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    """Give an empty database to one test alone."""
    with new_database(servers.database_url) as url:
        yield url
