"""A provider, and an organization that may connect it."""

import pytest

from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.catalog import Catalog


@pytest.fixture
def catalog() -> Catalog:
    """Give a provider whose pages hold three repositories."""
    return Catalog(MemoryStoreStage(), page_size=3)
