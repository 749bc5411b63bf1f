"""A provider that keeps a log of its deliveries, and what recovers from it."""

import pytest

from tests.support.scenarios.recovery import Recovery


@pytest.fixture
def recovery() -> Recovery:
    """Give an empty ledger and an empty log."""
    return Recovery()
