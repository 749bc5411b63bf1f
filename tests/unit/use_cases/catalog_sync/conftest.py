"""A provider, and an organization that may connect it."""

import pytest

from testing.memory.world import MemoryWorld
from tests.support.scenarios.catalog import Catalog


@pytest.fixture
def catalog() -> Catalog:
    """Give a provider whose pages hold three repositories."""
    return Catalog(MemoryWorld(), page_size=3)
