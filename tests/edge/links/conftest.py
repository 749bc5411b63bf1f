"""Projects and repositories, and a client of the API."""

from collections.abc import AsyncIterator

import pytest

from tests.support.scenarios.edge import Client
from tests.support.scenarios.projects import ProjectsEdge


@pytest.fixture
async def edge() -> ProjectsEdge:
    """Give projects and repositories."""
    edge = ProjectsEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def client(edge: ProjectsEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with edge.client() as client:
        yield client
