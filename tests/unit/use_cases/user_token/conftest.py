"""Someone who has connected their account."""

import pytest

from tests.support.scenarios.token_world import TokenWorld, token_world


@pytest.fixture
async def world() -> TokenWorld:
    """Give a person whose account is connected."""
    world = await token_world()
    await world.sign_in()
    return world
