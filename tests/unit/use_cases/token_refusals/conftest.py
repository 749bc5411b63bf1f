"""An organization whose installation gives tokens."""

import pytest

from tests.support.scenarios.token_world import TokenWorld, token_world


@pytest.fixture
async def world() -> TokenWorld:
    """Give an installed app."""
    return await token_world()
