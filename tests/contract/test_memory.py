"""Every suite, in memory."""

import pytest

from ports.event_queue import DeliveryLog
from ports.system import Exclusion
from testing.contracts.delivery_log import DeliveryLogContract
from testing.contracts.exclusion import ExclusionContract
from testing.contracts.suites import STORE_CONTRACTS, generate_tests
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.exclusion import MemoryExclusion
from testing.memory.world import MemoryWorld


@pytest.fixture
def world() -> MemoryWorld:
    """Give empty tables."""
    return MemoryWorld()


@pytest.fixture
def log(world: MemoryWorld) -> DeliveryLog:
    """Give a log that appends to them."""
    return MemoryDeliveryLog(world.database)


@pytest.fixture
def exclusion(world: MemoryWorld) -> Exclusion:
    """Give what holds names there."""
    return MemoryExclusion(world.database)


@pytest.fixture
def other(world: MemoryWorld) -> Exclusion:
    """Give another that does."""
    return MemoryExclusion(world.database)


globals().update(generate_tests([*STORE_CONTRACTS, DeliveryLogContract, ExclusionContract]))
