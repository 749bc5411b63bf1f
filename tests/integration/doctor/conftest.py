"""A service at the sandbox, to be examined."""

from collections.abc import AsyncIterator

import pytest

from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox


@pytest.fixture
async def both(database_url: str, redis_url: str) -> AsyncIterator[ServiceAtSandbox]:
    """Give a service of which no process runs, connected to the sandbox's installation."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation()
        yield both
