"""Every suite, in memory."""

import pytest

from ports.event_queue import DeliveryLog
from ports.system import Exclusion
from testing.contracts.delivery_log import DeliveryLogContract
from testing.contracts.exclusion import ExclusionContract
from testing.contracts.suites import STORE_CONTRACTS, generate_tests
from testing.memory.delivery_log import MemoryDeliveryLog
from testing.memory.exclusion import MemoryExclusion
from testing.memory.store_stage import MemoryStoreStage


@pytest.fixture
def stage() -> MemoryStoreStage:
    """Give empty tables."""
    return MemoryStoreStage()


@pytest.fixture
def log(stage: MemoryStoreStage) -> DeliveryLog:
    """Give a log that appends to them."""
    return MemoryDeliveryLog(stage.database)


@pytest.fixture
def exclusion(stage: MemoryStoreStage) -> Exclusion:
    """Give what holds names there."""
    return MemoryExclusion(stage.database)


@pytest.fixture
def other(stage: MemoryStoreStage) -> Exclusion:
    """Give another that does."""
    return MemoryExclusion(stage.database)


globals().update(generate_tests([*STORE_CONTRACTS, DeliveryLogContract, ExclusionContract]))
