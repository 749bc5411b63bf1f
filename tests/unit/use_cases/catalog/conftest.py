"""An organization whose catalog was read just now."""

import pytest

from core.domain.organizations import Role
from testing.memory.store_stage import MemoryStoreStage
from tests.support.scenarios.catalog import Catalog, facts
from tests.support.scenarios.catalog_reader import Connected


@pytest.fixture
async def connected() -> Connected:
    """Give an organization whose catalog of four repositories was read just now."""
    catalog = Catalog(MemoryStoreStage())
    organization = await catalog.world.add_organization()
    listed = [facts(str(number)) for number in range(1, 5)]
    integration = await catalog.connect(*listed, organization=organization)
    found = Connected(catalog, organization, integration)
    found.member = await catalog.member(organization, Role.MEMBER)
    await catalog.sync(integration)
    return found
