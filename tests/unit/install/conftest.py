import pytest

from tests.support.scenarios.install_world import InstallWorld


@pytest.fixture
async def world() -> InstallWorld:
    """Give two organizations and a provider."""
    world = InstallWorld()
    await world.populate()
    return world
