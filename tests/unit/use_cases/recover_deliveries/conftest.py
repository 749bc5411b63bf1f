"""A provider that keeps a log of its deliveries, and what recovers from it."""

import pytest

from tests.support.scenarios.recovery import Recovery


@pytest.fixture
def recovery() -> Recovery:
    """Return a store without events and an empty delivery log."""
    return Recovery()
