"""Servers for a whole module: its tests share processes, since starting those takes longer than a test."""

from collections.abc import Iterator

import pytest

from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.servers import Servers, flush_redis, new_database


@pytest.fixture(scope="module")
def urls(servers: Servers, database_template: str) -> Iterator[tuple[str, str]]:
    """Give the URLs of a migrated database and an empty Redis."""
    with new_database(servers.database_url, database_template) as database_url, flush_redis(servers) as redis_url:
        yield database_url, redis_url


@pytest.fixture(scope="module")
def event_store(urls: tuple[str, str]) -> Iterator[EventStore]:
    """Open the webhook events of the module."""
    with open_events(urls[0]) as event_store:
        yield event_store
