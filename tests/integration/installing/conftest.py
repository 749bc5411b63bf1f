"""A service and its GitHub for each test, and someone who owns an account there."""

from collections.abc import AsyncIterator

import pytest

from tests.support.scenarios.install_site import Browser, Site, install_site
from tests.support.servers.sandbox import OONA


@pytest.fixture
async def site(database_url: str, redis_url: str) -> AsyncIterator[Site]:
    """Serve everything."""
    async with install_site(database_url, redis_url) as site:
        yield site


@pytest.fixture
async def oona(site: Site) -> AsyncIterator[Browser]:
    """Give the browser of Oona, who owns Orbital Works here and its account there."""
    async with site.browser("outsider", OONA) as browser:
        yield browser
